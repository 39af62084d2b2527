extension DemoPage {
    /// Everything it shows is set as text: what comes from a request never becomes markup.
    static let script = #"""

        "use strict";
        const $ = id => document.getElementById(id);
        // A token that is not in a cookie stays here, and is gone when the page is.
        let bearer = null;

        async function call(method, path, content) {
          const headers = {};
          if (bearer && path !== "/auth/signin") headers.Authorization = "Bearer " + bearer;
          if (content) headers["Content-Type"] = "application/json";
          const answer = await fetch(path, {
            method, headers, cache: "no-store", body: content && JSON.stringify(content),
          });
          const text = await answer.text();
          let json = null;
          try { json = JSON.parse(text); } catch { /* not JSON */ }
          return { method, path, answer, text, json };
        }

        function element(name, text) {
          const made = document.createElement(name);
          made.textContent = text;
          return made;
        }

        function show(result, note) {
          const reason = result.answer.headers.get("sallyport-reason");
          $("result").hidden = false;
          $("request").textContent = `${result.method} ${result.path} → ${result.answer.status}`
            + (reason ? `, ${reason}` : "");
          $("note").textContent = note;
          $("claims").replaceChildren();
          $("text").replaceChildren();
          return reason;
        }

        function showClaims(title, claims) {
          $("claims").append(element("caption", title));
          for (const [name, value] of Object.entries(claims)) {
            const row = element("tr", "");
            const shown = typeof value === "string" ? value : JSON.stringify(value);
            row.append(element("th", name), element("td", shown));
            $("claims").append(row);
          }
        }

        function showService(result) {
          const json = result.json || {};
          if (!("signedIn" in json)) {
            const reason = show(result, "The gateway answered; the service was not asked.");
            $("text").textContent = result.text;
            return reason;
          }
          show(result, json.error ? `The service refused: ${json.error}.` : json.signedIn
            ? "The service verified the JWT. Session cookies do not reach it:"
            : "The service was asked without a JWT, and received:");
          $("text").append(element("b", json.request + "\n"));
          for (const field of json.fields) {
            const isToken = field.startsWith("authorization:");
            $("text").append(element(isToken ? "mark" : "span", field + "\n"));
          }
          if (json.tokenClaims) showClaims("The JWT's claims", json.tokenClaims);
        }

        async function look() {
          const { json, answer } = await call("GET", "/optional");
          const claims = json && json.tokenClaims;
          $("who").textContent = claims
            ? `Signed in as ${claims.sub}` + (bearer ? ", the token in this page" : "")
            : answer.ok ? "Nobody is signed in." : "The session has ended: sign in again.";
        }

        function decoded(part) {
          const bytes = atob(part.replace(/-/g, "+").replace(/_/g, "/"));
          const text = new TextDecoder().decode(Uint8Array.from(bytes, c => c.charCodeAt(0)));
          return JSON.parse(text);
        }

        function act(action) {
          return async event => {
            event.preventDefault();
            try { await action(event); await look(); } catch (error) {
              $("who").textContent = `The gateway could not be reached (${error.message}).`;
            }
          };
        }

        $("signin").addEventListener("submit", act(async event => {
          const transfer = $("transfer").value;
          await call("POST", "/auth/signout");
          bearer = null;
          const result = await call("POST", "/auth/signin", {
            user: $("user").value, era: event.submitter.value, transfer,
          });
          if (!result.answer.ok) {
            show(result, result.json ? result.json.message : result.text);
            return;
          }
          bearer = result.answer.headers.get("st-access-token");
          showService(await call("GET", "/api"));
        }));
        $("api").addEventListener("click", act(async () => showService(await call("GET", "/api"))));
        $("optional").addEventListener("click", act(async () =>
          showService(await call("GET", "/optional"))));
        $("jwt").addEventListener("click", act(async () => {
          const result = await call("GET", "/getJWT");
          if (!result.json || !result.json.token) { showService(result); return; }
          const parts = result.json.token.split(".");
          show(result, decoded(parts[0]).version
            ? "The JWT of a session of today is the access token itself, which an HttpOnly cookie "
              + "hides from scripts. This route gives it away because it has "
              + "expose_access_token: true; without that the answer is 403 token_not_exposed."
            : "The JWT that the session's token holds.");
          $("text").textContent = result.json.token;
          showClaims("Its claims", decoded(parts[1]));
        }));
        $("signout").addEventListener("click", act(async () => {
          const result = await call("POST", "/auth/signout");
          bearer = null;
          show(result, "The back end cleared the session's cookies.");
        }));
        for (const button of document.querySelectorAll(".copy")) {
          button.addEventListener("click", async () => {
            const lines = button.parentElement.querySelector("pre");
            await navigator.clipboard.writeText(lines.textContent);
            button.textContent = "Copied";
            setTimeout(() => { button.textContent = "Copy"; }, 1500);
          });
        }
        look().catch(() => {});

        """#
}
