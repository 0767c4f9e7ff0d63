import CLibCurl
import Federation
import Testing

@testable import Ways

@Suite struct `What became of a mail` {
    private func outcome(
        _ code: CURLcode, status: Int, begun: Bool, verb: String = "DATA"
    ) -> CurlOutcome {
        var outcome = CurlOutcome()
        outcome.code = code.rawValue
        outcome.status = status
        outcome.hasBegun = begun
        outcome.verb = verb
        outcome.lines = Array("220 hello\r\n\(status) said\r\n".utf8)
        return outcome
    }

    @Test func `is the server's last word`() throws {
        for (code, status, begun) in [
            (CURLE_OK, 250, true), (CURLE_WEIRD_SERVER_REPLY, 552, true),
            (CURLE_SEND_ERROR, 452, false), (CURLE_LOGIN_DENIED, 535, false),
        ] {
            let reply = try MailWay.answer(to: outcome(code, status: status, begun: begun))
            #expect(reply.status == status)
            #expect(String(decoding: reply.body, as: UTF8.self) == "\(status) said")
        }
    }

    @Test func `is not known if a connection is lost after DATA`() throws {
        for code in [
            CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_OPERATION_TIMEDOUT, CURLE_ABORTED_BY_CALLBACK,
        ] {
            for status in [354, 0] {
                let error = #expect(throws: PeerError.self) {
                    try MailWay.answer(to: outcome(code, status: status, begun: true))
                }
                #expect(error?.kind == .ambiguous)
            }
        }
    }

    @Test func `is nothing if none of it went out`() throws {
        for (code, status) in [
            (CURLE_COULDNT_CONNECT, 0), (CURLE_OPERATION_TIMEDOUT, 250), (CURLE_RECV_ERROR, 250),
            (CURLE_PEER_FAILED_VERIFICATION, 220), (CURLE_USE_SSL_FAILED, 250),
            (CURLE_RECV_ERROR, 354),
        ] {
            let error = #expect(throws: PeerError.self) {
                try MailWay.answer(to: outcome(code, status: status, begun: false, verb: "EHLO"))
            }
            #expect(error?.kind == .later(nil))
        }
    }
}

@Suite struct `What a mailbox says` {
    @Test func `a mail is as long as it is announced, whatever stands in it`() {
        let mail = "Subject: x\r\n\r\nA004 OK done\r\n* 1 FETCH (BODY[] {3}\r\n)\r\n"
        let lines =
            "* 3 EXISTS\r\n* 3 FETCH (UID 7 BODY[] {\(mail.utf8.count)}\r\n\(mail))\r\nA005 OK\r\n"
        #expect(MailboxText.literal(in: Array(lines.utf8)) == .whole(Array(mail.utf8)))
        #expect(MailboxText.literal(in: Array(lines.utf8.prefix(80))) == .part)
        #expect(MailboxText.literal(in: Array("* 3 EXISTS\r\nA005 OK\r\n".utf8)) == .none)
        #expect(MailboxText.literal(in: Array("BODY[] {99999999999}\r\n".utf8)) == .none)
    }

    @Test func `numbers are read, and what is none is not`() {
        #expect(
            MailboxText.found(in: Array("* SEARCH 4 2 x 7\r\n* SEARCH\r\n* 9 EXISTS\r\n".utf8)) == [
                4, 2, 7,
            ])
        let text = "* STATUS \"INBOX\" (UIDVALIDITY 1664 UIDNEXT 42)\r\n"
        #expect(MailboxText.number(after: "UIDNEXT", in: text) == 42)
        #expect(MailboxText.number(after: "UIDVALIDITY", in: text) == 1664)
        #expect(MailboxText.number(after: "UNSEEN", in: text) == nil)
    }
}

@Suite struct `The way by mail` {
    private func way() -> MailWay {
        var settings = MailWay.Settings(smtp: "smtp://mail.example:25")
        settings.imap = "imap://mail.example:143"
        settings.user = "us"
        settings.password = "s3cret"
        return MailWay(settings)
    }

    @Test(arguments: [
        Wire.Call(
            "MAIL", "smtp://other.example:25", headers: [.init("From", "a@b"), .init("To", "c@d")]),
        Wire.Call("STATUS", "imap://mail.example:1430/INBOX"),
        Wire.Call("STATUS", "imap://mail.example:143.evil.example/INBOX"),
        Wire.Call("GET", "https://mail.example/"),
        Wire.Call(
            "MAIL", "smtp://mail.example:25",
            headers: [.init("From", "a@b"), .init("To", "c@d> SIZE=1")]),
        Wire.Call(
            "MAIL", "smtp://mail.example:25",
            headers: [.init("From", "a@b"), .init("To", "c@d\r\nDATA")]),
        Wire.Call(
            "MOVE", "imap://mail.example:143/INBOX",
            headers: [.init("UIDs", "1 (DELETED)"), .init("To", "x")]),
        Wire.Call(
            "SEARCH", "imap://mail.example:143/INBOX",
            headers: [.init("Message-ID", "x\r\nA1 LOGOUT")]),
    ])
    func `leads only where the settings say, and lets nobody write commands`(call: Wire.Call) async
    {
        let error = await #expect(throws: PeerError.self) { _ = try await way().wire.send(call) }
        #expect(error?.kind == .refused)
    }

    @Test func `what is not there is asked again later`() async {
        var settings = MailWay.Settings(smtp: "smtp://127.0.0.1:1")
        settings.staysInClear = true
        let call = Wire.Call(
            "MAIL", settings.smtp, headers: [.init("From", "a@b"), .init("To", "c@d")])
        let error = await #expect(throws: PeerError.self) {
            _ = try await MailWay(settings).wire.send(call)
        }
        #expect(error?.kind == .later(nil))
    }
}
