import Conformance
import Testing

/// A judge that cannot fail is worthless: every claim is shown to hold and to fail.
struct JudgeTests {
    private static let body = """
        [{"id":"A","n":1.5,"b":true,"o":null,"e":"","l":["x","y"],"t":"2026-04-14T06:37:38Z"},
         {"id":"B","n":2,"b":false,"o":"z","e":"f","l":[],"t":"2026-04-15T06:37:38Z"}]
        """

    private func verdict(
        _ lines: [String] = [], headers: [String] = [], status: String = "200",
        document: String? = nil, body: String = Self.body, saved: [String: Tree] = [:]
    ) throws -> Verdict {
        let text = """
            # GR-2.1.1 · MUST · assertion 1
            # A sentence.
            # needs: any · writes: no · runs: everywhere
            GET {base}/x
            ----
            \(status)
            \(headers.joined(separator: "\n"))

            \(lines.joined(separator: "\n"))
            \(document.map { "is\n" + $0 } ?? "")
            """
        let vector = try Vector(parsing: text, id: "001-x")
        let response = VectorResponse(
            status: 200, headers: [HeaderLine(name: "content-type", value: "a/b; charset=UTF-8")],
            body: Array(body.utf8))
        return Judge(response, saved: saved).verdict(on: vector.exchanges[0].expected)
    }

    @Test(arguments: [
        ("[0].id = A", "[0].id = B"),
        ("[0].o = null", "[1].o = null"),
        ("[0].e = \"\"", "[1].e = \"\""),
        ("[0].n = 1.5", "[0].n = 1"),
        ("[0].id != B", "[0].id != A"),
        ("[0].id ~ ^[A-Z]$", "[0].id ~ ^[a-z]$"),
        ("[0].id !~ ^[a-z]$", "[0].id !~ ^[A-Z]$"),
        ("[1].o contains z", "[1].o contains x"),
        ("[0].l contains x", "[0].l contains z"),
        ("[0].l lacks z", "[0].l lacks x"),
        ("[0].t starts 2026", "[0].t starts 2027"),
        ("[*].id in A, B", "[*].id in A, C"),
        ("[*].n >= 1.5", "[*].n >= 1.6"),
        ("[*].t <= 2026-04-15T06:37:38Z", "[*].t <= 2026-04-15T06:37:37Z"),
        (". count 2", ". count 3"),
        (". count >= 2", ". count < 2"),
        ("[*].id count 2", "[*].id count 1"),
        ("[0].q absent", "[0].o absent"),
        ("[0].o present", "[0].q present"),
        ("[0].id filled", "[0].o filled"),
        ("[1].e filled", "[0].e filled"),
        ("[0].l filled", "[1].l filled"),
        ("[0].n type number", "[0].id type number"),
        ("[1].n type integer", "[0].n type integer"),
        ("[0].b type boolean", "[0].n type boolean"),
        ("[*].o type string or null", "[*].o type string"),
        ("[*].id unique", "[*].n descending"),
        ("[*].t ascending", "[*].t descending"),
        ("[?].id = B", "[?].id = C"),
        ("[id=B].o = z", "[id=A].o = z"),
        ("[-1].id = B", "[-1].id = A"),
        ("[0] names id, n, b, o, e, l, t", "[0] names id, b, n, o, e, l, t"),
        (". type array", ". type object"),
        ("body contains 1.5", "body contains 3.5"),
        ("body lacks 3.5", "body lacks 1.5"),
        ("body ~ ^\\[", "body ~ ^\\{"),
        ("json: [0].id = A", "json: [0].id = B"),
        ("[*].id same ids", "[*].t same ids"),
        ("[*].o disjoint ids", "[*].id disjoint ids"),
    ])
    func `a claim holds, and its opposite does not`(holds: String, fails: String) throws {
        let saved = ["ids": Tree.array([.string("A"), .string("B")])]
        #expect(try verdict([holds], saved: saved) == .fits)
        guard case .fails(let failures) = try verdict([fails], saved: saved) else {
            Issue.record("\(fails) did not fail")
            return
        }
        #expect(failures.count == 1)
        #expect(failures.first?.expected == fails)
    }

    @Test func `a line of the other format is not judged`() throws {
        #expect(try verdict(["xml: [0].id = B"]) == .fits)
    }

    @Test func `what is said of every element of nothing is unproven, not true`() throws {
        guard case .unproven = try verdict(["[*].id filled"], body: "[]") else {
            Issue.record("an empty list proved something")
            return
        }
        #expect(try verdict([". count 0"], body: "[]") == .fits)
    }

    @Test func `a body that is no document fails every path`() throws {
        guard case .fails = try verdict([". present"], body: "<html") else {
            Issue.record("half a tag was a document")
            return
        }
        guard case .fails = try verdict([". present"], body: "sorry") else {
            Issue.record("a word was a document")
            return
        }
    }

    @Test func `status and headers are judged`() throws {
        #expect(try verdict(headers: ["Content-Type: A/B;charset=utf-8"], status: "2xx") == .fits)
        #expect(try verdict(headers: ["Allow absent"], status: "201 or 200") == .fits)
        guard
            case .fails(let failures) = try verdict(
                headers: ["Content-Type: a/b", "Allow ~ GET"], status: "201 or 4xx")
        else {
            Issue.record("nothing failed")
            return
        }
        #expect(failures.count == 3)
    }

    @Test func `a whole document is compared token by token, in order`() throws {
        #expect(try verdict(document: "[ {\"a\": \"x y\" } ]", body: "[{\"a\":\"x y\"}]") == .fits)
        #expect(
            try verdict(document: "[\"a & b < c\"]", body: "[\"a \\u0026 b \\u003c c\"]") == .fits)
        #expect(
            try verdict(document: "<a>\n  <b>x\ny</b>\n</a>", body: "<a><b>x\ny</b></a>") == .fits)
        for (document, body) in [
            ("[{\"a\":\"xy\"}]", "[{\"a\":\"x y\"}]"),
            ("[{\"a\":1,\"b\":2}]", "[{\"b\":2,\"a\":1}]"),
            ("[{\"a\":\"1\"}]", "[{\"a\":1}]"),
            ("<a><b>x</b></a>", "<a><b> x</b></a>"),
            ("<a/>", "<a></a>"),
        ] {
            guard case .fails = try verdict(document: document, body: body) else {
                Issue.record("\(body) passed for \(document)")
                continue
            }
        }
    }

    @Test func `values of XML equal values of JSON by their text`() {
        let json = Tree.object([
            .init(name: "a", value: .number("1")), .init(name: "b", value: .null),
        ])
        let xml = Tree.object([
            .init(name: "a", value: .string("1")), .init(name: "b", value: .null),
        ])
        #expect(json.says(the: xml))
        #expect(!json.says(the: .object([.init(name: "a", value: .string("1"))])))
        #expect(!Tree.null.says(the: .string("")))
    }
}
