"""Exports of shop systems and of web analytics are recognised as they are."""

import polars as pl
import pytest

from daybreak.data import read_tables
from daybreak.data.columns import match_columns
from daybreak.data.event_names import event_name_kind

ITEMS = {
    "WooCommerce": (
        "ID,Type,SKU,Name,Published,Is featured?,Short description,Description,Regular price,"
        "Categories,Tags,Images",
        {"item_id": "SKU", "title": "Name", "description": "Description", "image": "Images"},
    ),
    "Shopify": (
        "Handle,Title,Body (HTML),Vendor,Product Category,Tags,Published,Variant SKU,"
        "Variant Price,Image Src,Status",
        {"item_id": "Variant SKU", "title": "Title", "description": "Body (HTML)",
         "categories": "Product Category", "image": "Image Src"},
    ),
    "Magento": (
        "sku,store_view_code,product_type,categories,name,description,product_online,visibility,"
        "price,created_at,base_image",
        {"item_id": "sku", "title": "name", "categories": "categories", "image": "base_image"},
    ),
    "PrestaShop": (
        "Product ID,Active (0/1),Name *,\"Categories (x,y,z...)\",Price tax excluded,Summary",
        {"item_id": "Product ID", "title": "Name *", "categories": "Categories (x,y,z...)",
         "description": "Summary"},
    ),
    "Salesforce": (
        "Id,ProductCode,Name,Description,Family,IsActive,CreatedDate",
        {"item_id": "Id", "title": "Name", "categories": "Family", "created_at": "CreatedDate"},
    ),
    "1C": (
        "Артикул,Наименование,Описание,Группа,Цена",
        {"item_id": "Артикул", "title": "Наименование", "categories": "Группа"},
    ),
    "a shop in China": (
        "商品编号,商品名称,分类,描述",
        {"item_id": "商品编号", "title": "商品名称", "categories": "分类"},
    ),
    "a shop in France": (
        "Référence,Désignation,Catégorie",
        {"item_id": "Référence", "title": "Désignation", "categories": "Catégorie"},
    ),
}  # fmt: skip
EVENTS = {
    "WooCommerce": (
        "Order Number,Order Date,Order Status,Customer User ID,SKU,Item Name,Quantity",
        {"user_id": "Customer User ID", "item_id": "SKU", "timestamp": "Order Date",
         "event_type": "Order Status", "value": "Quantity"},
    ),
    "Shopify": (
        "Name,Email,Financial Status,Paid at,Lineitem quantity,Lineitem name,Lineitem sku",
        {"user_id": "Email", "item_id": "Lineitem sku", "timestamp": "Paid at",
         "event_type": "Financial Status", "value": "Lineitem quantity"},
    ),
    "Magento": (
        "order_id,customer_id,customer_email,sku,qty_ordered,created_at,status",
        {"user_id": "customer_id", "item_id": "sku", "value": "qty_ordered"},
    ),
    "PrestaShop": (
        "id_order,id_customer,product_id,product_quantity,date_add",
        {"user_id": "id_customer", "item_id": "product_id", "value": "product_quantity",
         "timestamp": "date_add"},
    ),
    "Salesforce": (
        "AccountId,Product2Id,Quantity,CloseDate,StageName",
        {"user_id": "AccountId", "item_id": "Product2Id", "timestamp": "CloseDate",
         "event_type": "StageName"},
    ),
    "Salesforce, own fields": (
        "Customer_Id__c,Sku__c,Order_Date__c",
        {"user_id": "Customer_Id__c", "item_id": "Sku__c", "timestamp": "Order_Date__c"},
    ),
    "1C": (
        "Дата,Контрагент,Номенклатура,Количество,Сумма",
        {"user_id": "Контрагент", "item_id": "Номенклатура", "timestamp": "Дата",
         "value": "Количество"},
    ),
    "GA4": (
        "event_date,event_timestamp,event_name,user_id,user_pseudo_id,item_id,item_name",
        {"user_id": "user_pseudo_id", "item_id": "item_id", "event_type": "event_name",
         "timestamp": "event_timestamp"},
    ),
    "Matomo": (
        "idVisitor,serverTimestamp,type,productViewSku",
        {"user_id": "idVisitor", "item_id": "productViewSku", "event_type": "type",
         "timestamp": "serverTimestamp"},
    ),
    "a shop in Germany": (
        "Kundennummer,Artikelnummer,Bestelldatum,Menge",
        {"user_id": "Kundennummer", "item_id": "Artikelnummer", "timestamp": "Bestelldatum"},
    ),
    "a shop in Japan": (
        "会員番号,商品コード,注文日,数量",
        {"user_id": "会員番号", "item_id": "商品コード", "timestamp": "注文日"},
    ),
}  # fmt: skip


def mapped(header, role, wanted):
    frame = pl.read_csv(header.encode() + b"\n", infer_schema=False)
    found = match_columns(frame.columns, role)
    return {target: found.source_of(target) for target in wanted}


@pytest.mark.parametrize("system", ITEMS)
def test_catalogues_of_systems_are_recognised(system):
    header, wanted = ITEMS[system]
    assert mapped(header, "items", wanted) == wanted


@pytest.mark.parametrize("system", EVENTS)
def test_orders_and_events_of_systems_are_recognised(system):
    header, wanted = EVENTS[system]
    assert mapped(header, "events", wanted) == wanted


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("view", "view_item select_item page_view session_start view_cart scroll pageview"),
        ("view", "contentInteraction siteSearch collection_viewed ViewContent Просмотр failed"),
        ("impression", "view_item_list view_promotion contentImpression promotion_viewed"),
        ("count", "add_to_cart purchase begin_checkout ecommerceOrder Product_Added AddToCart"),
        (
            "count",
            "in_app_purchase product_added_to_cart Реализация ДобавлениеВКорзину Продажа",
        ),
        (
            "negative",
            "refund remove_from_cart wc-cancelled wc-refunded voided partially_refunded",
        ),
        ("negative", "ВозвратТоваров УдалениеИзКорзины Closed_Lost removeEcommerceItem fraud"),
        ("other", "completed processing paid fulfilled complete share generate_lead"),
    ],
)
def test_event_names_of_systems_have_their_kind(kind, names):
    assert {name: event_name_kind(name) for name in names.split()} == dict.fromkeys(
        names.split(), kind
    )


def test_a_bare_id_goes_before_codes_of_systems():
    columns = match_columns(["id", "barcode", "email", "name"], "items")
    assert columns.source_of("item_id") == "id"
    assert match_columns(["id", "email"], "users").source_of("user_id") == "id"


def test_several_switches_of_one_export_are_read_together():
    items = pl.DataFrame(
        {
            "sku": ["a", "b", "c"],
            "product_online": [1, 2, 1],
            "visibility": ["Catalog, Search", "Catalog, Search", "Not Visible Individually"],
        }
    )
    read = read_tables(items=items)
    assert read.tables.items["is_hidden"].to_list() == [False, True, True]
    assert "visibility" not in read.tables.items.columns
