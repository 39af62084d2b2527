extension DemoPage {
    static let style = """

        :root { color-scheme: light dark; --line: #8884; --accent: #0b6b61; --on: #fff; }
        @media (prefers-color-scheme: dark) { :root { --accent: #4fc3b3; --on: #06201d; } }
        * { box-sizing: border-box; }
        body { font: 16px/1.5 system-ui, sans-serif; max-width: 52rem; margin: 0 auto;
          padding: 1.5rem 1rem 4rem; }
        h1 { margin: 0 0 1rem; font-size: 1.7rem; letter-spacing: -.02em; }
        h1 span { font-weight: 400; opacity: .6; }
        h2 { margin: 0 0 .8rem; font-size: 1.1rem; }
        h3 { margin: 0; font: 600 .95rem ui-monospace, monospace; }
        section { border: 1px solid var(--line); border-radius: 10px; padding: 1.2rem;
          margin-top: 1rem; }
        .way { list-style: none; display: grid; grid-template-columns: repeat(3, 1fr); gap: 2rem;
          padding: 0; margin: 0; font-size: .85rem; }
        .way li { position: relative; border: 1px solid var(--line); border-radius: 10px;
          padding: .7rem .9rem; }
        .way b { display: block; font-size: 1rem; }
        .way li + li::before { content: "→"; position: absolute; left: -1.55rem; top: .9rem;
          font-size: 1.1rem; color: var(--accent); }
        .way li:nth-child(2) { border-color: var(--accent); }
        label { display: inline-block; margin: 0 1rem .8rem 0; }
        input, select, button { font: inherit; padding: .4rem .7rem; border-radius: 6px;
          border: 1px solid var(--line); background: transparent; color: inherit; }
        select option { background: Canvas; color: CanvasText; }
        button { cursor: pointer; }
        form button, #api { background: var(--accent); border-color: var(--accent);
          color: var(--on); }
        :focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
        .buttons { display: flex; flex-wrap: wrap; gap: .6rem; }
        .hint { margin: .8rem 0 0; font-size: .85rem; opacity: .75; }
        #who { margin: 0 0 .8rem; }
        #result { margin-top: 1rem; border-top: 1px solid var(--line); padding-top: 1rem; }
        #note { margin: .4rem 0; }
        pre { margin: .5rem 0 0; padding: .8rem; border-radius: 6px; background: #8881;
          font: .8rem/1.5 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; }
        mark { background: none; color: var(--accent); font-weight: 600; }
        pre:empty { display: none; }
        table { border-collapse: collapse; font-size: .85rem; width: 100%; margin-top: .6rem; }
        caption { text-align: left; font-weight: 600; padding: .4rem 0; }
        th, td { text-align: left; vertical-align: top; padding: .15rem .8rem .15rem 0;
          overflow-wrap: anywhere; }
        th { font-weight: 400; opacity: .7; white-space: nowrap; }
        .step { position: relative; margin-top: .9rem; }
        .step p { margin: 0; padding-right: 5rem; font-size: .9rem; }
        .copy { position: absolute; top: 0; right: 0; font-size: .75rem; padding: .1rem .6rem; }
        summary { cursor: pointer; font-weight: 600; }
        @media (max-width: 36rem) { .way { grid-template-columns: 1fr; gap: .5rem; }
          .way li + li::before { content: none; } }

        """
}
