"""A browser on a sign-in page: follows redirects, keeps cookies, submits forms, and ends at the
redirect to this computer. `browser.py PAGE BUTTON` (approve or decline)."""

import html.parser
import sys
import urllib.parse

import requests


class Forms(html.parser.HTMLParser):
    """The forms of a page: address, method, fields, and the buttons by name."""

    def __init__(self):
        super().__init__()
        self.forms = []

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "form":
            self.forms.append({"action": attrs.get("action", ""), "fields": {}, "buttons": []})
        elif tag in ("input", "button") and self.forms:
            form = self.forms[-1]
            kind = attrs.get("type", "text" if tag == "input" else "submit")
            if kind in ("submit", "image"):
                form["buttons"].append((attrs.get("name"), attrs.get("value", "")))
            elif attrs.get("name"):
                form["fields"][attrs["name"]] = attrs.get("value", "")


def main(page, button):
    browser = requests.Session()
    answer = browser.get(page, timeout=20)
    for _ in range(10):
        parser = Forms()
        parser.feed(answer.text)
        # A page without a form, such as the console's own, is the last one.
        forms = [form for form in parser.forms if form["fields"] or form["buttons"]]
        if not forms:
            break
        form = forms[0]
        fields = dict(form["fields"])
        if "password" in fields:
            fields["username"], fields["password"] = "ada", "a password of nobody"
        named = [(name, value) for name, value in form["buttons"] if name]
        if named:
            # On most servers the approving button has a known name.
            yes = [b for b in named if b[0] in ("allow", "approve")] or named[:1]
            if button == "approve":
                fields[yes[0][0]] = yes[0][1]
        target = urllib.parse.urljoin(answer.url, form["action"] or answer.url)
        answer = browser.post(target, data=fields, headers={"Referer": answer.url}, timeout=20)
    print(answer.status_code, answer.text[:300])


main(*sys.argv[1:])
