import { html } from "../lib.js";
import { useTexts } from "../i18n.js";
import { PageHead } from "../components/card.js";

export default function Page() {
  const t = useTexts();
  return html`<${PageHead} title=${t("common.page.map")} />`;
}
