import Federation
import Foundation
import Mail
import Reports
import Testing

@testable import Email

@Suite struct `A mailbox` {
    private func mail(_ number: UInt32, _ settings: EmailSettings, more: String = "") throws
        -> String
    {
        let report = try #require(Report.ID(rawValue: Sample.id))
        return """
            From: roads@city.example
            To: \(MailThread(settings: settings).replies(about: report).address)
            Message-ID: <m\(number)@city.example>
            Content-Type: multipart/mixed; boundary=b

            --b
            Content-Type: text/plain

            Comment \(number)
            --b
            Content-Type: image/jpeg; name=x.jpg
            Content-Transfer-Encoding: base64

            aGVsbG8=
            --b--

            """
    }

    private func ids(_ page: Page) -> [String] {
        page.items.compactMap {
            guard case .update(let update) = $0 else { return nil }
            return update.id
        }
    }

    @Test func `is read from the last number on, in parts`() async throws {
        let settings = try Sample.settings()
        let (department, adapter) = (Department(), EmailAdapter(settings))
        var other = settings
        for number in UInt32(1)...25 {
            // Of different threads, so that nothing looks like a loop.
            other.peer = settings.peer
            let text = try mail(number, settings).replacing(Sample.id, with: "x")
            let report = try #require(Report.ID(rawValue: "sofia-\(number)"))
            let address = MailThread(settings: settings).replies(about: report).address
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            department.add(
                lines.map { $0.hasPrefix("To:") ? "To: \(address)" : $0 }.joined(separator: "\n"),
                number)
        }
        let wire = department.wire(at: Sample.now)
        let first = try await adapter.collect(after: nil, over: wire)
        #expect(ids(first).count == 20 && !first.isLast && first.next.text == "1664 20")
        let second = try await adapter.collect(after: first.next, over: wire)
        #expect(ids(second) == (21...25).map { "m\($0)@city.example" } && second.isLast)
        let third = try await adapter.collect(after: second.next, over: wire)
        #expect(third.items.isEmpty && third.isLast && third.next == second.next)
    }

    @Test func `with new numbers is read again, and every answer keeps its id`() async throws {
        let settings = try Sample.settings()
        let (department, adapter) = (Department(), EmailAdapter(settings))
        for number in UInt32(1)...3 { department.add(try mail(number, settings), number) }
        let wire = department.wire(at: Sample.now)
        let first = try await adapter.collect(after: nil, over: wire)
        department.renumber()
        let second = try await adapter.collect(after: first.next, over: wire)
        #expect(ids(first) == ids(second) && ids(first).count == 3)
        #expect(second.next.text == "1665 13")
    }

    @Test func `keeps a picture findable when the mail was moved and numbers changed`() async throws
    {
        var settings = try Sample.settings()
        settings.mailbox?.taken = "Taken"
        let (department, adapter) = (Department(), EmailAdapter(settings))
        department.add(try mail(1, settings), 1)
        let wire = department.wire(at: Sample.now)
        let page = try await adapter.collect(after: nil, over: wire)
        guard case .update(let update)? = page.items.first else {
            Issue.record("no answer")
            return
        }
        let entry = PeerPicture.source(of: try #require(update.media.first), from: settings.peer)
        let reference = try #require(PeerPicture(source: entry)?.reference)
        #expect(try await adapter.picture(reference, over: wire) == Array("hello".utf8))
        // Only what is surely kept is moved: with the next reading.
        #expect(department.numbers() == [1])
        _ = try await adapter.collect(after: page.next, over: wire)
        #expect(department.numbers().isEmpty && department.numbers(in: "Taken") == [1])
        department.renumber()
        #expect(try await adapter.picture(reference, over: wire) == Array("hello".utf8))
        let error = await #expect(throws: PeerError.self) {
            _ = try await adapter.picture("1664.1.0 other@city.example", over: wire)
        }
        #expect(error?.kind == .refused)
    }

    @Test func `days are told as IMAP has them`() {
        #expect(Sample.now.mailboxDay == "21-Sep-2026")
    }
}
