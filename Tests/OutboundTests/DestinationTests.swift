import FoundationEssentials
import Testing

@testable import Outbound

@Suite struct DestinationTests {
    @Test(arguments: [
        ("http://good.example", "http://good.example/"),
        ("HTTPS://GOOD.Example./a?b=c#d", "https://good.example/a?b=c"),
        ("http://good.example:8080?a=b", "http://good.example:8080/?a=b"),
        ("http://xn--bcher-kva.example/", "http://xn--bcher-kva.example/"),
        ("http://8.8.8.8/@x", "http://8.8.8.8/@x"),
        ("http://[2A00::1]:443/", "http://[2a00::1]:443/"),
        ("http://[::ffff:8.8.8.8]/", "http://8.8.8.8/"),
        ("https://my_bucket.s3.example/ä\"|", "https://my_bucket.s3.example/%C3%A4%22%7C"),
        ("http://good.example/a//b/../c", "http://good.example/a//b/../c"),
    ])
    func `an address has one written form`(text: String, written: String) throws {
        #expect(try Destination(text).text == written)
    }

    @Test(arguments: [
        ("http://good.example/", "/x", "http://good.example/x"),
        ("http://good.example/a/b?c", "x", "http://good.example/a/x"),
        ("http://good.example/a/b?c", "../x?y", "http://good.example/x?y"),
        ("http://good.example/a/b/", "./.", "http://good.example/a/b/"),
        ("http://good.example/a/b", "../../../../x", "http://good.example/x"),
        ("http://good.example/a/b?c", "?d", "http://good.example/a/b?d"),
        ("http://good.example/a?b", "", "http://good.example/a?b"),
        ("http://good.example/a?b", "#c", "http://good.example/a?b"),
        ("https://good.example/a", "//other.example/b", "https://other.example/b"),
        ("http://good.example/a", "https://other.example:8443", "https://other.example:8443/"),
        ("http://good.example/a", "/x?u=http://b/", "http://good.example/x?u=http://b/"),
        ("http://good.example/a/b", "..", "http://good.example/"),
    ])
    func `a location is read against the address that answered it`(
        base: String, location: String, written: String
    ) throws {
        #expect(try Destination(base).destination(of: location).text == written)
    }

    @Test(arguments: ["file:///etc/passwd", "javascript:1", "x:y", "ftp://good.example/"])
    func `a location of another kind is refused`(location: String) throws {
        let base = try Destination("http://good.example/")
        #expect(throws: Refusal.scheme) { try base.destination(of: location) }
    }

    @Test func `a wait is read in seconds and as a date`() throws {
        let now = Date(timeIntervalSince1970: 784_111_770)
        #expect(RetryAfter("120")?.delay(from: now) == .seconds(120))
        #expect(RetryAfter("0")?.delay(from: now) == .zero)
        #expect(RetryAfter("99999999999999999999") == .after(.seconds(Int32.max)))
        let date = try #require(RetryAfter("Sun, 06 Nov 1994 08:49:37 GMT"))
        #expect(date == .at(Date(timeIntervalSince1970: 784_111_777)))
        #expect(date.delay(from: now) == .seconds(7))
        #expect(date.delay(from: now.addingTimeInterval(100)) == .zero)
        #expect(
            RetryAfter("Thu, 29 Feb 2024 23:59:59 GMT")
                == .at(Date(timeIntervalSince1970: 1_709_251_199)))
        for text in ["", "-1", "1.5", "soon", "Sun, 06 Nov 1994 08:49:37", "Sun 06 Nov"] {
            #expect(RetryAfter(text) == nil)
        }
    }
}
