import json

from tests.service.finetuning.tasteful_shop import write_encoder, write_shop


def test_files_are_fine_tuned_and_the_folder_is_an_encoder(here, call, ask):
    write_shop(here / "shop")
    write_encoder(here / "words")
    told = ask("finetune", "shop", "--out", "tuned", "--encoder", "words")
    assert told["verdict"] == "helps"
    assert told["folder"] == "tuned"
    assert (
        "next: daybreak train --encoder tuned"
        in call("finetune", "shop", "--out", "tuned", "--encoder", "words")[2]
    )
    ask("import", "shop")
    trained = ask("train", "--encoder", "tuned", "--strategy", "content/ridge", "--no-gate")
    assert trained["release"]
    status, out, _ = call("recommend", "u1", "--json")
    assert status == 0
    assert json.loads(out)["recommendations"]


def test_an_encoder_that_is_no_better_has_a_status_of_its_own(here, call):
    write_shop(here / "shop", by_taste=False)
    write_encoder(here / "words")
    call("import", "shop")
    status, out, err = call("finetune", "--out", "tuned", "--encoder", "words")
    assert status == 15
    assert "original" in out
    assert "tuned" in err
    assert "next:" not in err
    assert (here / "tuned" / "README.md").is_file()


def test_a_missing_encoder_is_told(here, call):
    write_shop(here / "shop")
    status, _, err = call("finetune", "shop", "--out", "tuned", "--encoder", "none")
    assert status == 2
    assert "needs a text encoder" in err
