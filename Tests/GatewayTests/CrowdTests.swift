import Addresses
import NIOCore
import Testing

@testable import Gateway

@Suite struct CrowdTests {
    private static func address(_ text: String) throws -> SocketAddress {
        try SocketAddress(ipAddress: text, port: 4711)
    }

    @Test func `one address has so many connections, and others have theirs`() throws {
        let crowd = Crowd(most: 2)
        let first = crowd.enter(try Self.address("203.0.113.7"))
        #expect(first != .full)
        #expect(crowd.enter(try Self.address("::ffff:203.0.113.7")) == first)
        #expect(crowd.enter(try Self.address("203.0.113.7")) == .full)
        #expect(crowd.enter(try Self.address("203.0.113.8")) != .full)
        crowd.leave(.full)
        #expect(crowd.enter(try Self.address("203.0.113.7")) == .full)
        crowd.leave(first)
        #expect(crowd.enter(try Self.address("203.0.113.7")) == first)
    }

    @Test func `a 56 of IPv6 is one address`() throws {
        let crowd = Crowd(most: 2)
        #expect(crowd.enter(try Self.address("2001:db8:1:2::1")) != .full)
        #expect(crowd.enter(try Self.address("2001:db8:1:ff::1")) != .full)
        #expect(crowd.enter(try Self.address("2001:db8:1:2::3")) == .full)
        #expect(crowd.enter(try Self.address("2001:db8:1:100::1")) != .full)
    }

    @Test func `a trusted proxy and a socket of this machine have any number`() throws {
        let network = try #require(IPNetwork("10.0.0.0/8"))
        let crowd = Crowd(most: 1, proxies: TrustedProxies([network]))
        for _ in 0..<3 {
            #expect(crowd.enter(try Self.address("10.1.2.3")) == .free)
            #expect(crowd.enter(try SocketAddress(unixDomainSocketPath: "/line")) == .free)
            #expect(crowd.enter(nil) == .free)
        }
    }
}
