import Federation
import Foundation
import Mail
import Reports
import Testing

@testable import Email

@Suite struct `An answer by mail` {
    private struct Letterbox {
        var settings: EmailSettings
        let department = Department()
        var thread: MailThread { MailThread(settings: settings) }
        var report: Report.ID

        init() throws {
            settings = try Sample.settings()
            report = try #require(Report.ID(rawValue: Sample.id))
        }

        /// Where the department answers to.
        var address: String { thread.replies(about: report).address }

        func page(after cursor: Cursor? = nil) async throws -> Page {
            try await EmailAdapter(settings).collect(
                after: cursor, over: department.wire(at: Sample.now))
        }

        func updates(after cursor: Cursor? = nil) async throws -> [IncomingUpdate] {
            try await page(after: cursor).items.compactMap {
                guard case .update(let update) = $0 else { return nil }
                return update
            }
        }
    }

    private func mail(
        to address: String, from: String = "roads@city.example", id: String = "r1@city.example",
        subject: String = "Re: hole", more: String = "", _ text: String
    ) -> String {
        """
        From: Roads <\(from)>
        To: \(address)
        Subject: \(subject)
        Message-ID: <\(id)>
        Date: Mon, 20 Sep 2026 12:00:00 +0000
        Content-Type: text/plain; charset=utf-8
        \(more.isEmpty ? "X-Nothing: x" : more)

        \(text)
        """
    }

    @Test func `becomes a comment, without what it quotes and without the signature`() async throws
    {
        let box = try Letterbox()
        box.department.add(
            mail(
                to: box.address,
                """
                A crew comes on Monday.

                On Sun, 20 Sep 2026 at 10:00, Reports <
                reports@ngo.example> wrote:
                > Number: 7
                >
                > Gropë

                It needs two days.
                --\u{20}
                Ann Lee
                Department of Roads
                """), 3)
        let updates = try await box.updates()
        #expect(updates.map(\.description) == ["A crew comes on Monday.\n\nIt needs two days."])
        #expect(updates.map(\.report) == [Sample.id] && updates.map(\.status) == [nil])
        #expect(updates.map(\.id) == ["r1@city.example"])
    }

    @Test(arguments: [
        ("fixed", "fixed"), ("Fixed.", "fixed"), ("STATUS: planned", "planned"),
        ("изпратена", "internal_referral"), ("Izpratena", "internal_referral"),
        ("Отстранено!", "fixed"), ("U rregullua", "fixed"), ("ne proces", "in_progress"),
        ("nije nase", "not_councils_responsibility"), ("Није наше.", "not_councils_responsibility"),
        ("Статус: в процес", "in_progress"), ("Status: walled up", "walled up"),
    ])
    func `tells a status by a word in its first line`(line: String, word: String) async throws {
        let box = try Letterbox()
        box.department.add(mail(to: box.address, "\n\(line)\nAll is well now.\n"), 1)
        let update = try #require(try await box.updates().first)
        #expect(update.status == word && update.description == "All is well now.")
    }

    @Test(arguments: [
        "It is fixed now", "fixed the fence, not the hole", "Re: planned works", "ok",
    ])
    func `tells none by a sentence`(line: String) async throws {
        let box = try Letterbox()
        box.department.add(mail(to: box.address, line), 1)
        let update = try #require(try await box.updates().first)
        #expect(update.status == nil && update.description == line)
    }

    @Test func `is no status without a token, whatever From says`() async throws {
        let box = try Letterbox()
        let subject = "Re: [\(Sample.id)] hole"
        let address = "reports@ngo.example"
        box.department.add(mail(to: address, subject: subject, "fixed"), 1)
        box.department.add(
            mail(to: address, from: "bob@evil.example", id: "r2@evil", subject: subject, "fixed"), 2
        )
        box.department.add(
            mail(to: box.address, from: "bob@evil.example", id: "r3@evil", "fixed"), 3)
        let wrong = String(box.address.map { $0 == "." ? "." : $0 }).replacing("@", with: "x@")
        box.department.add(
            mail(to: wrong, from: "bob@evil.example", id: "r4@evil", "fixed"), 4)
        let page = try await box.page()
        let updates = try await box.updates()
        #expect(updates.map(\.status) == [nil, nil])
        #expect(updates.map(\.id) == ["r1@city.example", "r3@evil"])
        #expect(page.unreadable.count == 2)
        #expect(page.unreadable.allSatisfy { !$0.contains("evil") })
    }

    @Test func `is known by its address, then by what it refers to, then by its subject`()
        async throws
    {
        let box = try Letterbox()
        let other = try #require(Report.ID(rawValue: "sofia-OTHER"))
        let message = try Sample.message(.report(try Sample.report()))
        let id = box.thread.id(of: message, about: box.report)
        let refers = "In-Reply-To: <\(id)>\nReferences: <x@y> <\(box.thread.root(of: box.report))>"
        let tag = "Re: [rt.example #8] [sofia-TAGGED] hole"
        box.department.add(
            mail(
                to: "x@y.example", id: "1@c", subject: tag,
                more: "Delivered-To: \(box.thread.replies(about: other).address)\n\(refers)", "a"),
            1)
        box.department.add(mail(to: "x@y.example", id: "2@c", subject: tag, more: refers, "b"), 2)
        box.department.add(mail(to: "x@y.example", id: "3@c", subject: tag, "c"), 3)
        let updates = try await box.updates()
        #expect(updates.map(\.report) == ["sofia-OTHER", Sample.id, "sofia-TAGGED"])
    }

    @Test func `a token of one peer says nothing at another`() async throws {
        var box = try Letterbox()
        let address = box.address
        box.settings.peer = try #require(Peer.Name(rawValue: "lamps"))
        #expect(box.thread.report(addressed: try #require(Mailbox(address))) == nil)
    }

    @Test(arguments: [
        "Auto-Submitted: auto-replied", "Precedence: bulk", "List-Id: <all.city.example>",
    ])
    func `is no comment if a program wrote it`(header: String) async throws {
        let box = try Letterbox()
        box.department.add(mail(to: box.address, more: header, "I am away until Monday"), 1)
        let page = try await box.page()
        #expect(page.items.isEmpty && page.unreadable.isEmpty)
    }

    @Test func `is no comment if only its subject says that a program wrote it`() async throws {
        let box = try Letterbox()
        let subject = "Automatic reply: [\(Sample.id)] hole"
        box.department.add(mail(to: box.address, subject: subject, "I am away"), 1)
        let returned = "X-Failed-Recipients: roads@city.example"
        box.department.add(mail(to: box.address, id: "r2@mx", more: returned, "No such user"), 2)
        let page = try await box.page()
        #expect(page.items.isEmpty)
        #expect(page.unreadable == ["\(Sample.id): the mail did not arrive"])
    }

    @Test func `a mail that did not arrive is told without anybody's address`() async throws {
        let box = try Letterbox()
        let message = try Sample.message(.report(try Sample.report()))
        box.department.add(
            """
            From: MAILER-DAEMON@mx.example
            Message-ID: <b1@mx.example>
            Content-Type: multipart/report; report-type=delivery-status; boundary=b

            --b
            Content-Type: message/delivery-status

            Reporting-MTA: dns; mx.example

            Action: failed
            Status: 5.1.1
            Diagnostic-Code: smtp; 550 roads@city.example unknown

            --b
            Content-Type: text/rfc822-headers

            Message-ID: <\(box.thread.id(of: message, about: box.report))>

            --b--

            """, 1)
        let page = try await box.page()
        #expect(page.items.isEmpty && page.unreadable.count == 1)
        let told = try #require(page.unreadable.first)
        #expect(told.hasPrefix("\(Sample.id): the mail did not arrive: 5.1.1"))
        #expect(!told.contains("roads@city"))
    }

    @Test func `loops end: our own mail is none, nor are more than people write`() async throws {
        let box = try Letterbox()
        box.department.add(mail(to: box.address, from: "reports@ngo.example", "x"), 1)
        for number in 2...15 {
            box.department.add(mail(to: box.address, id: "l\(number)@c", "x"), UInt32(number))
        }
        let page = try await box.page()
        #expect(page.items.count == 10 && page.unreadable.count == 5)
    }
}
