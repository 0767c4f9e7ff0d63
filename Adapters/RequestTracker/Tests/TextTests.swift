import Testing

@testable import RequestTracker

@Suite struct `Texts of correspondence` {
    @Test(arguments: [
        ("Done.\n\n-- \nAnn Lee\nCity", "Done."),
        ("Done.\r\n\r\n> A hole\r\n", "Done."),
        ("Please note:\n> A hole\nDone.", "Please note:\nDone."),
        ("Done.\nAm 20.04.2026 um 10:00 schrieb Ann:\n> x", "Done."),
        ("Done.\n-----Original Message-----\nFrom: a@example.org", "Done."),
        ("a > b", "a > b"), ("", ""), ("> all of it", ""),
    ])
    func `lose what others wrote before`(text: String, said: String) {
        #expect(MailText.said(in: text) == said)
    }

    @Test(arguments: [
        ("<p>One</p><p>Two<br>Three</p>", "One\n\nTwo\nThree"),
        ("a < b &lt;script&gt; &#x41;&#66; &unknown; &", "a < b <script> AB &unknown; &"),
        ("<script>alert('</p>')</script>x<!-- > <b> -->y", "xy"),
        ("x<script>alert(1)", "x"), ("x<a href=\"", "x"),
        ("Done.<blockquote>a<blockquote>b</blockquote>c</blockquote>", "Done."),
    ])
    func `in HTML are read without its tags`(page: String, text: String) {
        #expect(MailText.said(in: HTMLText.plain(page)) == text)
    }
}
