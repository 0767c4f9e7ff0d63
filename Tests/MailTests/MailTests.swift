import Foundation
import Mail
import Testing

@Suite struct `A mail that goes out` {
    private func mail() throws -> OutgoingMail {
        OutgoingMail(
            from: try #require(Mailbox("reports@example.org", name: "Сигнали")),
            to: try #require(Mailbox("rruge@komuna.example")),
            replyTo: try #require(Mailbox("reports+a-1.x@example.org")),
            subject: "[a-1] Gropë në rrugën “Nëna Terezë”", id: "a-1.x.y@example.org",
            inReplyTo: "a-1.z@example.org", references: ["a-1.z@example.org"],
            date: Date(timeIntervalSince1970: 1_790_000_000),
            headers: [MailHeader("Auto-Submitted", "auto-generated")],
            text: "Një gropë e thellë.\n.\nFrom here on: “ç”, ë, ж 🕳\n",
            files: [
                MailFile(
                    name: "grope.jpg", type: "image/jpeg", bytes: Array(0...255) + [13, 10, 0])
            ])
    }

    @Test func `says what was said when it is read again`() throws {
        let sent = try mail()
        let read = try #require(IncomingMail(reading: sent.bytes))
        #expect(read.subject == sent.subject && read.id == sent.id && read.date == sent.date)
        #expect(read.from.map(\.address) == ["reports@example.org"])
        #expect(read.inReplyTo == ["a-1.z@example.org"] && read.references == read.inReplyTo)
        #expect(read.text == sent.text)
        #expect(read.pictures == sent.files)
        #expect(read.isAutomatic && !read.isBulk && read.bounce == nil)
    }

    @Test func `is plain ASCII with CR LF, and the same each time`() throws {
        let bytes = try mail().bytes
        #expect(bytes.allSatisfy { $0 < 0x80 })
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\r\n")
        #expect(lines.allSatisfy { !$0.contains("\n") && $0.utf8.count <= 998 })
        #expect(try mail().bytes == bytes)
    }

    @Test func `has no header that somebody wrote into a text`() throws {
        var sent = try mail()
        sent.subject = "A hole\r\nBcc: everybody@example.org\r\n\r\nand a body"
        sent.headers.append(MailHeader("X-Open311-Request-Id", "a\nBcc: x@example.org"))
        let read = try #require(IncomingMail(reading: sent.bytes))
        #expect(read.header("Bcc") == nil && read.text == sent.text)
    }

    @Test(arguments: [
        "", "a", "@b", "a@", "a@b@c", "a b@c", "a@b c", "<a@b>", "a@.b", "a@b\r\nx", "ä@b", "a@ä",
        "a,b@c", "\"a\"@b",
    ])
    func `goes to no address that a header or SMTP could misunderstand`(text: String) {
        #expect(Mailbox(text) == nil)
    }
}

@Suite struct `A mail that comes` {
    private func read(_ text: String) throws -> IncomingMail {
        try #require(IncomingMail(reading: Array(text.replacing("\n", with: "\r\n").utf8)))
    }

    @Test func `is read in whatever charset it is`() throws {
        var bytes = Array(
            """
            From: =?windows-1251?B?zuH56O3g?= <roads@example.org>
            Subject: =?koi8-r?B?89TBzA==?=
            Content-Type: text/plain; charset=windows-1251
            Content-Transfer-Encoding: 8bit


            """.replacing("\n", with: "\r\n").utf8)
        bytes += [0xCF, 0xEE, 0xEF, 0xF0, 0xE0, 0xE2, 0xE5, 0xED, 0xEE]
        let mail = try #require(IncomingMail(reading: bytes))
        #expect(mail.text == "Поправено" && mail.subject == "Стал")
        #expect(mail.from.map(\.address) == ["roads@example.org"])
    }

    @Test func `tells the plain one of two writings, and the pictures wherever they lie`() throws {
        let mail = try read(
            """
            From: a@example.org
            Content-Type: multipart/mixed; boundary=m

            --m
            Content-Type: multipart/related; boundary=r

            --r
            Content-Type: multipart/alternative; boundary=a

            --a
            Content-Type: text/plain; charset=utf-8
            Content-Transfer-Encoding: quoted-printable

            rregulluar=C3=AB
            --a
            Content-Type: text/html

            <p>other</p>
            --a--
            --r
            Content-Type: image/PNG; name=x.png
            Content-Transfer-Encoding: base64

            aGVsbG8=
            --r--
            --m
            Content-Type: text/plain
            Content-Disposition: attachment; filename=notes.txt

            not what was written
            --m--

            """)
        #expect(mail.text.trimmingCharacters(in: .whitespacesAndNewlines) == "rregulluarë")
        #expect(
            mail.pictures == [
                MailFile(name: "x.png", type: "image/png", bytes: Array("hello".utf8))
            ])
    }

    @Test func `is made plain if it is HTML`() throws {
        let mail = try read(
            """
            From: a@example.org
            Content-Type: text/html; charset=utf-8

            <html><head><title>x</title><style>p{color:red}</style></head><body>
            <!-- <p>hidden</p> --><p>U&nbsp;rregullua&euml; &lt;sot&gt;</p><div>1 &#60; 2 <b>po</b></div>
            <blockquote>Një gropë<br>e thellë</blockquote><script>alert("x")</script> fund</body></html>
            """)
        #expect(mail.text.contains("U rregulluaë <sot>") && mail.text.contains("1 < 2 po"))
        #expect(mail.text.contains("> Një gropë\n> e thellë") && mail.text.hasSuffix("fund"))
        #expect(!mail.text.contains("hidden") && !mail.text.contains("alert"))
    }

    @Test func `tells why one of ours did not arrive`() throws {
        let mail = try read(
            """
            From: MAILER-DAEMON@mx.example
            Auto-Submitted: auto-replied
            Content-Type: multipart/report; report-type=delivery-status; boundary=b

            --b
            Content-Type: text/plain

            Sorry.
            --b
            Content-Type: message/delivery-status

            Reporting-MTA: dns; mx.example

            Action: failed
            Final-Recipient: rfc822;gone@example.org
            Status: 5.1.1
            Diagnostic-Code: smtp; 550 no such user

            --b
            Content-Type: message/rfc822

            Message-ID: <a-1.x.y@example.org>
            Subject: x

            body
            --b--

            """)
        let expected = IncomingMail.Bounce(
            action: "failed", status: "5.1.1", diagnosis: "smtp; 550 no such user",
            original: "a-1.x.y@example.org")
        #expect(mail.bounce == expected && mail.isAutomatic)
    }

    @Test(arguments: [
        ("Auto-Submitted: no", false), ("Auto-Submitted: auto-replied; x=y", true),
        ("Precedence: bulk", true), ("List-Id: <x.example>", true), ("X-Autoreply: yes", true),
        ("X-Other: bulk", false),
    ])
    func `says whether a program sent it`(header: String, isOne: Bool) throws {
        let mail = try read("From: a@example.org\n\(header)\n\nx\n")
        #expect((mail.isAutomatic || mail.isBulk) == isOne)
    }

    @Test func `does not end us, however deep its parts lie`() throws {
        var text = "From: a@example.org\n"
        for depth in 0..<3000 {
            text += "Content-Type: multipart/mixed; boundary=b\(depth)\n\n--b\(depth)\n"
        }
        let mail = try read(text + "Content-Type: text/plain\n\nx\n")
        #expect(mail.pictures.isEmpty)
        #expect(IncomingMail(reading: []) == nil)
        for bytes in [[0], Array("\r\n\r\n".utf8), Array(repeating: 0xFF, count: 4096)] {
            _ = IncomingMail(reading: bytes)
        }
    }

    @Test func `to whom it came is told by the servers first`() throws {
        let mail = try read(
            """
            Envelope-to: reports+a-1.x@example.org
            From: a@example.org
            To: "Reports" <reports@example.org>, other@example.org

            x
            """)
        #expect(
            mail.recipients.map(\.address)
                == ["reports+a-1.x@example.org", "reports@example.org", "other@example.org"])
    }
}
