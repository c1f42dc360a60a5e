"""The web page: static files that a browser loads, without a build step.

The folder ``static`` holds one HTML file, ES modules, style sheets, texts in two languages and
vendored libraries. The page reads and changes data only through the public HTTP API; this
package therefore imports nothing of Daybreak. The server sends the files of
:func:`daybreak.console.assets.load_assets`.
"""
