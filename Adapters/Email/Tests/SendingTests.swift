import Federation
import Foundation
import Mail
import Reports
import Testing

@testable import Email

@Suite struct `A report by mail` {
    private func sent(
        _ settings: EmailSettings, _ message: Message, pictures: [String: OutgoingPicture] = [:],
        to department: Department = Department()
    ) async throws -> IncomingMail {
        let wire = department.wire(at: Sample.now) { pictures[$0] }
        let ticket = try await EmailAdapter(settings).deliver(message, over: wire)
        #expect(ticket.id == Sample.id)
        return try #require(department.mails.last)
    }

    @Test(arguments: EmailLanguage.allCases)
    func `is written in the department's language, and says all there is`(
        language: EmailLanguage
    ) async throws {
        var settings = try Sample.settings()
        settings.language = language
        let report = try Sample.report(media: ["https://ngo.example/media/a.jpg"])
        let mail = try await sent(settings, try Sample.message(.report(report)))
        for text in [
            "Gropë\n", "sa humbi një makinë & një biçikletë", "Rruga Nëna Terezë 15", "42.6629",
            Sample.id, "SIZE: LARGE", "Annabel, ann@example.org", "https://ngo.example/media/a.jpg",
            "https://ngo.example/r/\(Sample.id)", language.offered, "2026",
        ] { #expect(mail.text.contains(text), "\(text)") }
        #expect(!mail.text.contains("{{") && !mail.text.contains("&amp;"))
        #expect(!mail.text.contains("/answer/"), "links are off unless the settings want them")
        #expect(mail.subject == "[\(Sample.id)] Gropë në rrugë: Gropë")
        let update = try Sample.message(.update(try Sample.update()), key: "ngo:0198-2")
        let news = try await sent(settings, update)
        #expect(news.text.contains("Filled by the crew of Annabel Leeward"))
        #expect(news.text.contains(language.name(of: .fixed)) && !news.text.contains("{{"))
    }

    @Test func `is marked as sent by a program, and has one id however often it is tried`()
        async throws
    {
        let settings = try Sample.settings()
        let message = try Sample.message(.report(try Sample.report()))
        let mails = [try await sent(settings, message), try await sent(settings, message)]
        #expect(mails[0] == mails[1] && mails[0].header("Auto-Submitted") == "auto-generated")
        let other = try Sample.message(.report(try Sample.report()), key: "ngo:0198-9")
        #expect(try await sent(settings, other).id != mails[0].id)
    }

    @Test func `has an address for answers that knows it, and a thread for what comes later`()
        async throws
    {
        let settings = try Sample.settings()
        let mail = try await sent(settings, try Sample.message(.report(try Sample.report())))
        let reply = try #require(mail.header("Reply-To").flatMap { Mailbox($0) })
        let thread = MailThread(settings: settings)
        #expect(thread.report(addressed: reply)?.rawValue == Sample.id)
        #expect(reply.local.hasPrefix("reports+\(Sample.id).") && reply.host == "ngo.example")
        let update = try Sample.message(.update(try Sample.update()), key: "ngo:0198-2")
        let news = try await sent(settings, update)
        #expect(news.inReplyTo == mail.references && news.references == mail.references)
        #expect(thread.report(named: try #require(mail.id))?.rawValue == Sample.id)
        #expect(thread.report(named: mail.references[0])?.rawValue == Sample.id)
    }

    @Test func `goes to the address of its service, if the mapping names one`() async throws {
        var settings = try Sample.settings()
        var report = try Sample.report()
        report.service = "lamps@city.example"
        let department = Department()
        let mail = try await sent(settings, try Sample.message(.report(report)), to: department)
        #expect(mail.recipients.map(\.address) == ["lamps@city.example"])
        settings.to = nil
        report.service = "lamps"
        let message = try Sample.message(.report(report))
        await #expect(throws: PeerError.self) {
            _ = try await EmailAdapter(settings).deliver(
                message, over: department.wire(at: Sample.now))
        }
    }

    @Test func `takes pictures along as far as they fit, and tells the addresses of the others`()
        async throws
    {
        var settings = try Sample.settings()
        settings.mostBytes = 200_000
        let addresses = ["a", "b", "c"].map { "https://ngo.example/media/\($0).jpg" }
        let pictures = Dictionary(
            uniqueKeysWithValues: zip(addresses, [60_000, 120_000, 20_000]).map { address, size in
                (
                    address,
                    OutgoingPicture(
                        name: String(address.suffix(5)), mediaType: "image/jpeg",
                        bytes: [UInt8](repeating: 0xFF, count: size))
                )
            })
        let department = Department()
        let message = try Sample.message(.report(try Sample.report(media: addresses)))
        let mail = try await sent(settings, message, pictures: pictures, to: department)
        #expect(mail.pictures.map(\.name) == ["a.jpg", "c.jpg"])
        #expect(mail.pictures.map(\.bytes.count) == [60_000, 20_000])
        #expect(mail.text.contains(addresses[1]) && !mail.text.contains(addresses[0]))
        #expect(department.sizes[0] <= settings.mostBytes)
    }

    @Test func `holds a signed link if the settings want one`() async throws {
        var settings = try Sample.settings()
        settings.answers = "https://ngo.example"
        let mail = try await sent(settings, try Sample.message(.report(try Sample.report())))
        let link = try #require(mail.text.firstMatch(of: #/https://ngo\.example/answer/(\S+)/#))
        let token = try AnswerToken.read(
            String(link.output.1), by: [settings.key], now: Sample.now)
        #expect(token.report.rawValue == Sample.id && token.peer == settings.peer)
    }

    @Test func `a ticket system that gave a number is told it in later mails`() async throws {
        let settings = try Sample.settings()
        let department = Department()
        let mail = try await sent(
            settings, try Sample.message(.report(try Sample.report())), to: department)
        department.add(
            """
            From: rt@rt.example
            To: reports@ngo.example
            Subject: [rt.example #8] AutoReply: Hole
            In-Reply-To: <\(mail.id ?? "")>
            Message-ID: <rt-1@rt.example>
            Auto-Submitted: auto-replied

            Thank you
            """, 4)
        let update = try Sample.message(.update(try Sample.update()), key: "ngo:0198-2")
        let news = try await sent(settings, update, to: department)
        #expect(news.subject.hasPrefix("[rt.example #8] [\(Sample.id)] "))
    }

    @Test func `an erasure is for people`() async throws {
        let message = try Sample.message(.erasure(.everything))
        let error = await #expect(throws: PeerError.self) {
            _ = try await EmailAdapter(try Sample.settings())
                .deliver(message, over: Department().wire(at: Sample.now))
        }
        #expect(error?.kind == .refused)
    }
}
