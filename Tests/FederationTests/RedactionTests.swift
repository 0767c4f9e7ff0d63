import Testing

@testable import Federation

@Suite struct RedactionTests {
    private let redaction = Redaction(hiding: ["s3cr/et key", "Анна", "Broken \"lamp\"\nat 3", "x"])

    @Test(arguments: [
        ("api_key=s3cr/et key is wrong", "api_key=••• is wrong"),
        ("GET /?api_key=s3cr%2Fet%20key", "GET /?api_key=•••"),
        ("api_key=s3cr%2Fet+key", "api_key=•••"),
        (#"{"key":"s3cr\/et key"}"#, #"{"key":"•••"}"#),
        ("name Анна", "name •••"), (#""\u0410\u043d\u043d\u0430""#, #""•••""#),
        (#""\u0410\u043D\u043D\u0430""#, #""•••""#),
        (#"{"d":"Broken \"lamp\" at 3"}"#, #"{"d":"•••"}"#),
        ("<d>Broken &quot;lamp&quot; at 3</d>", "<d>•••</d>"),
        ("Broken \"lamp\"\r\n at 3", "•••"),
        ("mail to ann.lee+x@example.org, please", "mail to •••, please"),
        ("email=ann%40example.org&x=1", "email=•••&x=1"),
        ("x stays, and a\u{0}b\tc\u{7F}", "x stays, and a b c "),
    ])
    func `secrets and people are hidden, however they are written`(text: String, kept: String) {
        #expect(redaction.text(text) == kept)
    }

    @Test func `only so much is kept, and no letter is cut in two`() {
        let kept = redaction.text(String(repeating: "ж", count: 5000), most: 2000)
        #expect(kept.utf8.count <= 2000)
        #expect(kept.hasSuffix("ж…"))
        #expect(redaction.text("short", most: 2000) == "short")
    }

    @Test func `a secret at the border is not shown in part`() {
        let text = String(repeating: "a", count: 1995) + "s3cr/et key"
        #expect(!redaction.text(text, most: 2000).contains("s3c"))
    }
}
