import Federation
import Foundation
import Reports
import Testing

@testable import viaduct

@Suite struct MappingTests {
    @Test func `a mapping tells both ways, and kinds of peers fill in their words`() throws {
        let mapping = try #require(
            read(
                """
                services: {HOLE: '12', LAMP: '13'}
                statuses_out: {FIXED: done}
                statuses_in:
                  done: {detail: FIXED, text: {en: Repaired.}, notify: false}
                  Not-Ours: {detail: FOR_TRIAGE, refuses: true}
                  closed: CLOSED
                questions:
                  SIZE: {code: size, values: {SMALL: s, LARGE: l}}
                  DEPTH: depth
                """
            ).mapping)
        let hole = try #require(Service.Code(rawValue: "HOLE"))
        #expect(mapping.servicesOut[hole] == "12")
        #expect(mapping.servicesIn["12"] == hole)
        #expect(mapping.statusesOut[.fixed] == "done")
        #expect(mapping.statusesOut[.planned] == "open")
        let done = try #require(mapping.statusesIn[Mapping.StatusWord("DONE")])
        #expect(done.detail == .fixed && done.tells == .nobody && done.verdict == .handles)
        #expect(done.text?.texts == [.english: "Repaired."])
        #expect(mapping.statusesIn[Mapping.StatusWord("not ours")]?.verdict == .refuses)
        #expect(mapping.statusesIn[Mapping.StatusWord("open")]?.detail == .open)
        let size = try #require(Attribute.Code(rawValue: "SIZE"))
        #expect(mapping.questions[size]?.values == ["SMALL": "s", "LARGE": "l"])
    }

    @Test(arguments: [
        (
            "services: {HOLE: '12'}", 1, "services",
            "names no code for LAMP; the rules send reports of these services"
        ),
        ("statuses_in: {closed: FIXED}", 1, "services", "names no code for HOLE, LAMP; "),
        (
            "services: {HOLE: '12', LAMP: '13', TREE: '14'}", 1, "services.TREE",
            "`TREE` is no service of any jurisdiction here"
        ),
        (
            "services: {HOLE: '12', LAMP: '12'}", 1, "services",
            "`12` stands for HOLE, LAMP; write in services_in which of them it means"
        ),
        (
            "services: same\nservices_in: {a: TREE}", 2, "services_in.a",
            "`TREE` is no service of any jurisdiction here"
        ),
        (
            "services: same\nstatuses_out: {MENDED: x}", 2, "statuses_out.MENDED",
            "`MENDED` is no detail of a status; known: OPEN, "
        ),
        (
            "services: same\nstatuses_out: {FIXED: mended}", 1, "statuses_in",
            "does not say what mended means, which we send; the peer will show it to us"
        ),
        (
            "services: same\nstatuses_in: {closed: mended}", 2, "statuses_in.closed",
            "`mended` is no detail of a status; known: OPEN, "
        ),
        (
            "services: same\nstatuses_in:\n  in work: OPEN\n  In_Work: FIXED", 4,
            "statuses_in.In_Work", "is the same word as the one in line 3"
        ),
        (
            "services: same\nstatuses_in: {x: {detial: OPEN}}", 2, "statuses_in.x.detial",
            "is no known key; did you mean `detail`?"
        ),
        (
            "services: same\nquestions: {COLOUR: c}", 2, "questions.COLOUR",
            "is asked by no service here"
        ),
        (
            "services: same\nquestions: {SIZE: {code: s, values: {SMALL: s}}}", 2,
            "questions.SIZE.values", "names no value for LARGE"
        ),
        (
            "services: same\nquestions: {SIZE: {code: s, values: {SMALL: s, LARGE: l, HUGE: h}}}",
            2, "questions.SIZE.values.HUGE", "is no value of the list"
        ),
        ("services: same\nstatus: {}", 2, "status", "is no known key; "),
    ])
    func `a mapping with a gap is refused with file, line and key`(
        text: String, line: Int, key: String, problem: String
    ) throws {
        let (mapping, problems) = read(text)
        #expect(mapping == nil)
        #expect(
            problems.contains {
                $0.file.hasSuffix("/m.yaml") && $0.line == line && $0.key == key
                    && $0.text.hasPrefix(problem)
            }, "\(problems)")
    }

    @Test func `a kind of peer without words of its own needs all fourteen`() throws {
        let (mapping, problems) = read("services: same", kind: "paper: {wordless: true}")
        #expect(mapping == nil)
        let text = problems.map(\.text).joined(separator: "\n")
        #expect(Detail.allCases.allSatisfy { text.contains($0.rawValue) })
        #expect(
            problems.contains {
                $0.text == "needs the peer's words for a status and what they mean"
            })
    }

    @Test func `who says the same is asked the same, unless it says otherwise`() throws {
        let size = try #require(Attribute.Code(rawValue: "SIZE"))
        #expect(read("services: same").mapping?.questions[size] == Mapping.Question(code: "SIZE"))
        let alike = read("services: {HOLE: '1', LAMP: '2'}\nquestions: same").mapping
        #expect(alike?.questions[size] == Mapping.Question(code: "SIZE"))
        #expect(read("services: same\nquestions: {DEPTH: d}").mapping?.questions[size] == nil)
        #expect(read("services: {HOLE: '1', LAMP: '2'}").mapping?.questions == [:])
    }

    @Test func `a mapping may stand in the peer's own file`() throws {
        let space = try City.workspace([
            "p.yaml": City.peer.replacing("{HOLE: '12'}", with: "{LAMP: '12'}")
        ])
        let problems = City.read(space.path("p.yaml")).1
        #expect(problems.map(\.file) == [space.path("p.yaml")])
        #expect(problems.map(\.key) == ["mapping.services"])
        #expect(problems.map(\.line) == [7])
    }

    private func read(
        _ text: String, kind: String = ""
    ) -> (mapping: Mapping?, problems: [Problem]) {
        let peer = """
            name: roads
            adapter: paper
            address: https://roads.example/
            flow: [reports_out, updates_out, reports_in, updates_in]
            rules: [{}]
            mapping: m.yaml
            \(kind)
            """
        guard let space = try? City.workspace(["p.yaml": peer, "m.yaml": text]) else {
            return (nil, [])
        }
        let (file, problems) = City.read(space.path("p.yaml"))
        return (file?.peer.mapping, problems)
    }
}
