/// The page's text, and what can be done on it.
extension DemoPage {
    static let introduction = """
        <header>
        <h1>Sallyport <span>demo</span></h1>
        <ol class="way">
        <li><b>Browser</b>a SuperTokens session</li>
        <li><b>Gateway</b>ends TLS, verifies the session, puts its JWT in</li>
        <li><b>Service</b>understands only JWTs</li>
        </ol>
        </header>
        """

    static let controls = """
        <section>
        <h2>1. Sign in</h2>
        <form id="signin">
        <label>Name <input id="user" value="alice" maxlength="64" autocomplete="off"></label>
        <label>Token in <select id="transfer">
        <option value="cookie">an HttpOnly cookie</option>
        <option value="header">the Authorization field</option>
        </select></label>
        <div class="buttons">
        <button name="era" value="recent">Sign in, session of today</button>
        <button name="era" value="seed">Sign in, session of 2023</button>
        </div>
        </form>
        <p class="hint">Today a session's token is a JWT. Until 2023 it was not, but could hold one:
        the gateway takes it out.</p>
        </section>
        <section>
        <h2>2. Ask</h2>
        <p id="who" role="status">…</p>
        <div class="buttons">
        <button id="api" type="button">Ask the service</button>
        <button id="optional" type="button">Ask where nobody need sign in</button>
        <button id="jwt" type="button">Get the JWT</button>
        <button id="signout" type="button">Sign out</button>
        </div>
        <div id="result" hidden>
        <h3 id="request"></h3>
        <p id="note"></p>
        <pre id="text"></pre>
        <table id="claims"></table>
        </div>
        </section>
        """
}
