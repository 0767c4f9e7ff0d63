import Addresses
import Testing
import Addresses

@Suite struct AddressTests {
    @Test(arguments: [
        "0.0.0.0", "0.255.255.255", "10.0.0.1", "100.64.0.1", "100.127.255.255", "127.0.0.1",
        "127.255.255.254", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.8",
        "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.19.255.255", "198.51.100.7",
        "203.0.113.9", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
        "::", "::1", "::ffff:127.0.0.1", "::ffff:7f00:1", "::127.0.0.1", "64:ff9b::7f00:1",
        "64:ff9b::10.0.0.1", "64:ff9b:1::1", "2002:7f00:1::", "2002:0808:0808::1", "2001::1",
        "2001:0:4136:e378::1", "2001:db8::1", "3fff::1", "fe80::1", "fec0::1", "fc00::1",
        "fd00::1", "ff02::1", "100::1", "5f00::1", "4000::1",
    ])
    func `an address of a special block is not public`(text: String) throws {
        #expect(try #require(IPAddress(text)).isPublic == false)
    }

    @Test(arguments: [
        "1.0.0.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0",
        "126.255.255.255", "128.0.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.1",
        "192.88.98.255", "192.167.255.255", "198.17.255.255", "198.20.0.0", "223.255.255.255",
        "2a00:1450:4001::1", "2001:200::1", "2001:4860:4860::8888", "2003::1", "3ffe:ffff::1",
        "::ffff:8.8.8.8", "64:ff9b::8.8.8.8",
    ])
    func `any other address is public`(text: String) throws {
        #expect(try #require(IPAddress(text)).isPublic)
    }

    @Test(arguments: [
        "127.1", "0", "2130706433", "0x7f.1", "0x7f000001", "0177.0.0.1", "127.0.0.01", "1.2.3",
        "1.2.3.4.5", "256.1.1.1", " 1.2.3.4", "1.2.3.4 ", "1.2.3.4\u{0}", "", ":", ":::", "1::2::3",
        "fe80::1%lo", "::1\u{0}", "12345::", "[::1]", "١.٢.٣.٤",
    ])
    func `what is no plain address is none`(text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test(arguments: [
        ("127.0.0.1", "127.0.0.1"), ("::1", "::1"), ("2A00:0:0::0:1", "2a00::1"),
        ("64:ff9b::7f00:1", "64:ff9b::7f00:1"), ("255.255.255.255", "255.255.255.255"),
    ])
    func `an address has one written form`(text: String, written: String) {
        #expect(IPAddress(text)?.description == written)
    }

    @Test func `a mapped address is the address that it maps`() throws {
        #expect(try #require(IPAddress("::ffff:10.1.2.3")).plain == .v4(0x0A01_0203))
    }

    @Test func `a network contains its addresses and no other`() throws {
        let network = try #require(IPNetwork("10.1.0.0/16"))
        #expect(network.contains(.v4(0x0A01_FFFF)))
        #expect(!network.contains(.v4(0x0A02_0000)))
        #expect(!network.contains(try #require(IPAddress("::1"))))
        #expect(try #require(IPNetwork("fd00::/8")).contains(try #require(IPAddress("fdff::1"))))
        #expect(try #require(IPNetwork("0.0.0.0/0")).contains(.v4(.max)))
        #expect(try #require(IPNetwork("10.1.2.3")).contains(.v4(0x0A01_0203)))
    }

    @Test(arguments: [
        "10.1.0.1/16", "10.0.0.0/33", "10.0.0.0/", "/8", "10.0.0.0/+8", "10/8", "::/129",
        "10.0.0.0/8/8", "a.example/8",
    ])
    func `what is no network is none`(text: String) {
        #expect(IPNetwork(text) == nil)
    }

    @Test(arguments: [
        ("203.0.113.7", "203.0.113.7", "203.0.113.0/24"),
        ("::ffff:203.0.113.7", "203.0.113.7", "203.0.113.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/56", "2001:db8:1::/48"),
        ("::1", "::/56", "::/48"),
    ])
    func `an address counts as its household, and is blurred for a log`(
        text: String, household: String, blurred: String
    ) throws {
        let address = try #require(IPAddress(text))
        #expect(IPNetwork(household: address).description == household)
        #expect(IPNetwork(blurred: address).description == blurred)
        #expect(IPNetwork(household: address).contains(address.plain))
        #expect(IPNetwork(of: .v4(.max), length: 0).description == "0.0.0.0/0")
    }
}
