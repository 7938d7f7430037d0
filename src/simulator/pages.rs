//! Web pages: entering a device code, and choosing an account.

use std::collections::BTreeMap;

use super::call::Call;
use super::reply::Reply;
use super::tenant::SimTenant;
use super::tokens::Person;

/// Escapes text for HTML elements and quoted attributes.
pub(super) fn escaped(text: &str) -> String {
    text.chars()
        .map(|letter| match letter {
            '&' => "&amp;".to_owned(),
            '<' => "&lt;".to_owned(),
            '>' => "&gt;".to_owned(),
            '"' => "&quot;".to_owned(),
            '\'' => "&#39;".to_owned(),
            other => other.to_string(),
        })
        .collect()
}

/// A page of the built-in tenant; `body` is HTML.
pub(super) fn page(status: u16, title: &str, body: &str) -> Reply {
    let html = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><style>\
         body{{font:17px/1.5 sans-serif;max-width:46rem;margin:3rem auto;padding:0 1rem;color:#1b1b1f;background:#fafafc}}\
         .mark{{background:#5b3fa8;color:#fff;padding:.3rem .8rem;border-radius:.3rem;font-size:.85rem}}\
         input,button,select{{font:inherit;padding:.4rem .7rem;margin:.2rem .3rem .2rem 0}}\
         input[name=user_code]{{font-family:monospace;letter-spacing:.15em;text-transform:uppercase}}\
         table{{border-collapse:collapse}}td,th{{padding:.15rem .7rem .15rem 0;text-align:left}}\
         </style></head><body><p><span class=\"mark\">Built-in tenant: nothing here is real</span></p><h1>{title}</h1>{body}</body></html>"
    );
    Reply::page(status, html)
        .with("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-ePniVEkSivX/c7XWBGafqh8tSpiRrKiqYeqbG7N1TOE='; frame-ancestors 'none'")
        .with("x-frame-options", "DENY")
}

/// `GET /`.
pub(super) fn front(address: &str) -> Reply {
    let body = format!(
        "<ul><li><a href=\"{address}/devicelogin\">Enter a sign-in code</a></li>\
         <li><a href=\"{address}/control\">Provoke faults, move the clock</a></li></ul>"
    );
    page(200, "Contoso, the demo tenant", &body)
}

/// `/devicelogin`: the code, then the account, then done.
pub(super) fn devicelogin(tenant: &SimTenant, call: &Call) -> Reply {
    if call.is_get() {
        return code_form(200, "");
    }
    if !call.is_post() {
        return Reply::only("GET, POST");
    }
    let form: BTreeMap<String, String> = call.form().into_iter().collect();
    let typed = form.get("user_code").map_or("", String::as_str);
    let now = tenant.clock.now();
    let mut inner = tenant.lock();
    let Some(code) = inner.identity.waiting_code(typed, now) else {
        return code_form(
            400,
            "<p role=\"alert\">That code isn't right, or it has expired.</p>",
        );
    };
    let action = form.get("action").map_or("", String::as_str);
    if ["approve", "cancel"].contains(&action) {
        inner.identity.decide(&code, action == "approve", now);
        drop(inner);
        let (title, done) = if action == "approve" {
            (
                "You have signed in",
                "You have signed in to cordon on your device.",
            )
        } else {
            ("Cancelled", "Nothing was signed in.")
        };
        let body = format!("<p>{done} You may now close this window.</p>");
        return page(200, title, &body);
    }
    let Person { upn, name, .. } = inner.identity.person.clone();
    drop(inner);
    let (upn, name) = (escaped(&upn), escaped(&name));
    let body = format!(
        "<p>Are you trying to sign in to <b>cordon</b>? Only continue if you asked for this code yourself.</p>\
         <p>Account: <b>{name}</b> ({upn})</p><form method=\"post\" action=\"/devicelogin\">\
         <input type=\"hidden\" name=\"user_code\" value=\"{}\">\
         <button name=\"action\" value=\"approve\">Approve</button><button name=\"action\" value=\"cancel\">Cancel</button></form>",
        escaped(&code)
    );
    page(200, "Sign in", &body)
}

fn code_form(status: u16, note: &str) -> Reply {
    let body = format!(
        "{note}<form method=\"post\" action=\"/devicelogin\"><p><label>Code shown on your device<br>\
         <input name=\"user_code\" autocomplete=\"off\" autofocus required maxlength=\"20\"></label></p><button>Next</button></form>"
    );
    page(status, "Enter code to allow access", &body)
}

/// `GET /{tenant}/oauth2/v2.0/logout`.
pub(super) fn signed_out() -> Reply {
    page(
        200,
        "You signed out",
        "<p>You may now close this window.</p>",
    )
}

/// `/{tenant}/oauth2/v2.0/authorize`: a page with the account, then a redirect to the console.
pub(super) fn authorize(tenant: &SimTenant, call: &Call) -> Reply {
    let asked: BTreeMap<String, String> = if call.is_post() {
        call.form().into_iter().collect()
    } else {
        call.query.iter().cloned().collect()
    };
    let field = |name: &str| asked.get(name).map_or("", String::as_str);
    if !field("client_id").eq_ignore_ascii_case(super::CLIENT_ID) {
        return page(
            400,
            "Sign in",
            "<p>AADSTS700016: the application was not found in this directory.</p>",
        );
    }
    if !is_registered(field("redirect_uri")) {
        // Shown in the browser only.
        return page(
            400,
            "Sign in",
            "<p>AADSTS50011: the redirect address is not registered for this application.</p>",
        );
    }
    let mut inner = tenant.lock();
    let approved = field("action") == "approve" || inner.identity.auto_approve;
    let mut answer: Vec<(&str, String)> = vec![("state", field("state").to_owned())];
    if field("action") == "cancel" {
        answer.push(("error", "access_denied".to_owned()));
        answer.push((
            "error_description",
            "AADSTS65004: the person declined.".to_owned(),
        ));
    } else if field("response_type") != "code" {
        answer.push(("error", "unsupported_response_type".to_owned()));
    } else if approved {
        match inner
            .identity
            .authorize(&asked, &tenant.address, tenant.clock.now())
        {
            Ok(code) => answer.push(("code", code)),
            Err(text) => {
                answer.push(("error", "invalid_request".to_owned()));
                answer.push(("error_description", text));
            }
        }
    } else {
        let person = inner.identity.person.clone();
        drop(inner);
        return account_page(call, &asked, &person);
    }
    drop(inner);
    hand_back(field("redirect_uri"), field("response_mode"), &answer)
}

/// Loopback with any port and no path, as registered for a public client.
fn is_registered(redirect: &str) -> bool {
    url::Url::parse(redirect).is_ok_and(|url| {
        let host = url.host_str().unwrap_or_default();
        url.scheme() == "http"
            && (host == "localhost" || host == "127.0.0.1")
            && url.path() == "/"
            && url.query().is_none()
    })
}

fn hidden<'a>(fields: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let inputs: Vec<String> = fields
        .map(|(name, value)| {
            format!(
                "<input type=\"hidden\" name=\"{}\" value=\"{}\">",
                escaped(name),
                escaped(value)
            )
        })
        .collect();
    inputs.concat()
}

fn account_page(call: &Call, asked: &BTreeMap<String, String>, person: &Person) -> Reply {
    let (upn, name) = (escaped(&person.upn), escaped(&person.name));
    let fields = hidden(
        asked
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str())),
    );
    let body = format!(
        "<p>Account: <b>{name}</b> ({upn})</p><form method=\"post\" action=\"{}\">{fields}\
         <button name=\"action\" value=\"approve\">Approve</button><button name=\"action\" value=\"cancel\">Cancel</button></form>",
        escaped(&call.path)
    );
    page(200, "Sign in to cordon", &body)
}

fn hand_back(redirect: &str, mode: &str, answer: &[(&str, String)]) -> Reply {
    if mode == "form_post" {
        let fields = hidden(answer.iter().map(|(name, value)| (*name, value.as_str())));
        let body = format!(
            "<form method=\"post\" action=\"{}\">{fields}<button>Continue</button></form>\
             <script>document.forms[0].submit()</script>",
            escaped(redirect)
        );
        return page(200, "Back to cordon", &body);
    }
    let query = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(answer)
        .finish();
    Reply::empty(302).with("location", &format!("{redirect}?{query}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_redirects_are_accepted() {
        assert!(is_registered("http://localhost:51234") && is_registered("http://127.0.0.1:1/"));
        assert!(
            !is_registered("https://localhost:1") && !is_registered("http://localhost:1/callback")
        );
        assert!(!is_registered("http://evil.example"));
    }

    #[test]
    fn untrusted_text_is_escaped() {
        assert_eq!(escaped("<a b='\"&'>"), "&lt;a b=&#39;&quot;&amp;&#39;&gt;");
    }
}
