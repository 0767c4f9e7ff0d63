import NIOCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The bytes of an answer's head, and of its body if that is in memory.
enum ResponseBytes {
    /// What the connection adds to a response.
    struct Framing {
        /// `nil` if it is not known: the body comes in chunks, or up to the connection's end.
        var length: Int?
        var closes: Bool
        var isOldVersion: Bool
    }

    /// Writes the status line and the header fields.
    static func writeHead(
        of response: EdgeResponse, _ framing: Framing, to buffer: inout ByteBuffer
    ) {
        buffer.writeStaticString("HTTP/1.1 ")
        write(response.status, to: &buffer)
        buffer.writeStaticString(" ")
        buffer.writeStaticString(reason(response.status))
        buffer.writeStaticString("\r\nDate: ")
        HTTPDate.write(seconds: Int(time(nil)), to: &buffer)
        for (name, value) in response.headers {
            buffer.writeStaticString("\r\n")
            write(name, to: &buffer)
            buffer.writeStaticString(": ")
            write(value, to: &buffer)
        }
        if let length = framing.length {
            if response.status != 204, response.status != 304 {
                buffer.writeStaticString("\r\nContent-Length: ")
                write(length, to: &buffer)
            }
        } else if !framing.isOldVersion {
            buffer.writeStaticString("\r\nTransfer-Encoding: chunked")
        }
        if framing.closes {
            buffer.writeStaticString("\r\nConnection: close")
        } else if framing.isOldVersion {
            buffer.writeStaticString("\r\nConnection: keep-alive")
        }
        buffer.writeStaticString("\r\n\r\n")
    }

    /// Writes one piece of a body whose length is not known; no bytes end it.
    static func writePiece(_ bytes: [UInt8], isOldVersion: Bool, to buffer: inout ByteBuffer) {
        guard !isOldVersion else { return _ = buffer.writeBytes(bytes) }
        buffer.writeString(String(bytes.count, radix: 16))
        buffer.writeStaticString("\r\n")
        buffer.writeBytes(bytes)
        buffer.writeStaticString("\r\n")
    }

    /// A header can never begin another line, wherever its value came from.
    private static func write(_ text: String, to buffer: inout ByteBuffer) {
        if text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) {
            buffer.writeBytes(text.utf8.filter { $0 >= 0x20 && $0 != 0x7F })
        } else {
            buffer.writeString(text)
        }
    }

    static func write(_ number: Int, to buffer: inout ByteBuffer) {
        buffer.writeString(String(number))
    }

    private static func reason(_ status: Int) -> StaticString {
        switch status {
        case 200: "OK"
        case 201: "Created"
        case 204: "No Content"
        case 304: "Not Modified"
        case 400: "Bad Request"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 406: "Not Acceptable"
        case 408: "Request Timeout"
        case 409: "Conflict"
        case 413: "Content Too Large"
        case 414: "URI Too Long"
        case 415: "Unsupported Media Type"
        case 417: "Expectation Failed"
        case 422: "Unprocessable Content"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 503: "Service Unavailable"
        default: "Other"
        }
    }
}

/// The date of HTTP: `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, 5.6.7).
enum HTTPDate {
    private static let weekdays: [StaticString] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months: [StaticString] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// A time after 1970, in seconds.
    static func text(seconds: Int) -> String {
        var buffer = ByteBuffer()
        write(seconds: seconds, to: &buffer)
        return String(buffer: buffer)
    }

    /// Writes a time after 1970, in seconds.
    static func write(seconds: Int, to buffer: inout ByteBuffer) {
        let days = max(seconds, 0) / 86_400
        let rest = max(seconds, 0) % 86_400
        let (year, month, day) = civil(days)
        buffer.writeStaticString(weekdays[days % 7])
        buffer.writeStaticString(", ")
        two(day, to: &buffer)
        buffer.writeStaticString(" ")
        buffer.writeStaticString(months[month - 1])
        buffer.writeStaticString(" ")
        two(year / 100, to: &buffer)
        two(year % 100, to: &buffer)
        buffer.writeStaticString(" ")
        two(rest / 3600, to: &buffer)
        buffer.writeStaticString(":")
        two(rest / 60 % 60, to: &buffer)
        buffer.writeStaticString(":")
        two(rest % 60, to: &buffer)
        buffer.writeStaticString(" GMT")
    }

    private static func two(_ number: Int, to buffer: inout ByteBuffer) {
        buffer.writeInteger(UInt8(truncatingIfNeeded: 0x30 + number / 10 % 10))
        buffer.writeInteger(UInt8(truncatingIfNeeded: 0x30 + number % 10))
    }

    /// The Gregorian date of a day since 1970, by the era of 400 years (years begin in March).
    private static func civil(_ days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }
}
