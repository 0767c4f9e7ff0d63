import AdapterKit
import Email
import Federation
import Testing

@Suite struct `An adapter for mail` {
    /// What a mail server says; of a mailbox nothing but that it is busy.
    private let way = AdapterConformance.Way(
        changes: { ["MAIL", "MOVE"].contains($0.method) },
        failures: [
            (Wire.Reply(status: 421), [.later(nil)]), (Wire.Reply(status: 452), [.later(nil)]),
            (Wire.Reply(status: 550), [.refused]), (Wire.Reply(status: 552), [.refused]),
            (Wire.Reply(status: 535), [.forbidden]), (Wire.Reply(status: 530), [.forbidden]),
            (Wire.Reply(status: 554, headers: [.init("Stage", "EHLO")]), [.forbidden]),
        ],
        troubles: [Wire.Reply(status: 503), Wire.Reply(status: 400), Wire.Reply(status: 409)],
        answersInBodies: false)

    @Test func `does what no author should have to remember`() async throws {
        var settings = try Sample.settings()
        // The mailbox is another address than the server's; a test of its own looks for numbers.
        settings.numbers = .ignored
        let conformance = AdapterConformance(
            of: EmailAdapter(settings), at: settings.smtp, secrets: settings.secrets,
            messages: [
                try Sample.message(.report(try Sample.report())),
                try Sample.message(.update(try Sample.update()), key: "ngo:0198-2"),
            ], over: way, now: Sample.now
        ) {
            let department = Department([1: Array("From: a@example.org\r\n\r\nx\r\n".utf8)])
            return { department.reply(to: $0) }
        }
        #expect(await conformance.findings() == [])
    }
}
