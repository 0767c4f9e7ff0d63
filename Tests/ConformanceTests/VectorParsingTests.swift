import Conformance
import Testing

struct VectorParsingTests {
    private func parse(_ body: String, id: String = "022-a-name") throws -> Vector {
        let head = """
            # GR-2.1.3 · SHOULD · assertion 22
            # Accept decides.
            # needs: any · writes: no · runs: everywhere


            """
        return try Vector(parsing: head + body, id: id)
    }

    @Test func `the head says what a vector is about`() throws {
        let vector = try parse("GET {base}/services.{f}\n----\n200\n")
        #expect(vector.requirements == ["GR-2.1.3"])
        #expect(vector.level == .should)
        #expect(vector.assertion == 22)
        #expect(vector.sentence == "Accept decides.")
        #expect(vector.formats == [.xml, .json])
    }

    @Test func `a target goes on in indented lines`() throws {
        let vector = try parse("GET {base}/requests.json\n  ?a=1\n  &b=2\nAccept: x/y\n----\n200\n")
        let request = try #require(vector.exchanges.first?.request)
        #expect(request.target == "{base}/requests.json?a=1&b=2")
        #expect(request.headers.map(\.text) == ["Accept: x/y"])
        #expect(vector.formats.isEmpty)
    }

    @Test func `a form is one line, a multipart body keeps its lines`() throws {
        let form = try parse("POST {base}/requests.json\n\na=1\n&b=2\n----\n200\n")
        #expect(form.exchanges.first?.request?.body == "a=1&b=2")
        let parts = try parse(
            "POST {base}/r\nContent-Type: multipart/form-data; boundary=x\n\n--x\n\n1\n--x--\n----\n200\n"
        )
        #expect(parts.exchanges.first?.request?.body == "--x\r\n\r\n1\r\n--x--")
    }

    @Test func `exchanges, acts, loops and saves are read`() throws {
        let vector = try parse(
            """
            do something
            for code in a | b
            GET {base}/services/{code}.xml
            ----
            200 or 4xx within 5s
            Allow ~ GET

            save id = [0].service_request_id
            save next = header Link ~ <(.*)>
            [0].x = 1
            ====
            GET {base}/x
            ----
            200

            is
            [ 1 ]
            """)
        let first = try #require(vector.exchanges.first)
        #expect(vector.exchanges.count == 2)
        #expect(first.act == "something")
        #expect(first.loop?.variable == "code")
        #expect(first.expected.statuses.map(\.description) == ["200", "4xx"])
        #expect(first.expected.patience == .seconds(5))
        #expect(first.expected.saves.map(\.name) == ["id", "next"])
        #expect(first.expected.checks.map(\.text) == ["[0].x = 1"])
        #expect(vector.exchanges[1].expected.document == "[ 1 ]")
    }

    @Test(arguments: [
        "GET {base}/services.xml\n200\n",
        "get {base}/services.xml\n----\n200\n",
        "GET {base}/x\n----\nfine\n",
        "GET {base}/x\n----\n200\n\n[0.a = 1\n",
        "GET {base}/x\n----\n200\n\n[0].a resembles 1\n",
        "GET {base}/x\n----\n200\n\n[0].a ~ (\n",
        "GET {base}/x\n----\n200\n\nsave a [0]\n",
        "",
    ])
    func `what cannot be read is refused with its line`(body: String) {
        #expect(throws: VectorSyntaxError.self) { try parse(body) }
    }

    @Test func `the file's name and the head name one assertion`() {
        #expect(throws: VectorSyntaxError.self) {
            try parse("GET {base}/x\n----\n200\n", id: "023-a-name")
        }
    }

    @Test func `every vector file can be read`() throws {
        let vectors = try Vectors.all()
        #expect(vectors.count > 150)
        #expect(Set(vectors.map(\.id)).count == vectors.count)
    }
}
