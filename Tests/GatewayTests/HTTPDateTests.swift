import NIOCore
import Testing

@testable import Gateway

@Suite struct HTTPDateTests {
    static let dates = [
        (0, "Thu, 01 Jan 1970 00:00:00 GMT"), (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
        (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
        (1_798_761_599, "Thu, 31 Dec 2026 23:59:59 GMT"),
        (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
    ]

    @Test(arguments: dates)
    func `a date is written as HTTP has it`(seconds: Int, text: String) {
        var buffer = ByteBuffer()
        HTTPDate.write(seconds: seconds, to: &buffer)
        #expect(String(buffer: buffer) == text)
    }

    @Test func `no header can begin another line`() {
        var buffer = ByteBuffer()
        let response = EdgeResponse(status: 200, headers: [("X-A", "b\r\nX-C: d\0")])
        ResponseBytes.writeHead(
            of: response, .init(length: 3, closes: true, isOldVersion: false), to: &buffer)
        let text = String(buffer: buffer)
        #expect(text.hasPrefix("HTTP/1.1 200 OK\r\nDate: "))
        #expect(text.contains("\r\nX-A: bX-C: d\r\nContent-Length: 3\r\nConnection: close\r\n\r\n"))
    }
}
