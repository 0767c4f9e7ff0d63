import Faults
import Glibc
import Testing

@Suite struct KillPointTests {
    @Test(arguments: KillPoint.allCases)
    func `an order names a point and a passage`(point: KillPoint) throws {
        let order = try #require(KillOrder(parsing: "\(point.rawValue):3"))
        #expect(order.point == point)
        #expect(order.passage == 3)
    }

    @Test(arguments: [
        "", "claimed", "claimed:", "claimed:0", "claimed:-1", "claimed:x", "nowhere:1",
    ])
    func `anything else is no order`(text: String) {
        #expect(KillOrder(parsing: text) == nil)
    }

    @Test func `whoever passes a point without an order lives`() {
        for point in KillPoint.allCases { point.pass() }
    }

    @Test
    func `whoever passes another point than the ordered one lives, and so do earlier passages`()
        async
    {
        await #expect(processExitsWith: .success) {
            order("claimed:3")
            KillPoint.marked.pass()
            KillPoint.claimed.pass()
            KillPoint.claimed.pass()
        }
    }

    @Test func `the ordered passage is the last thing that happens`() async {
        await #expect(processExitsWith: .signal(SIGABRT)) {
            order("claimed:3")
            for _ in 0..<3 { KillPoint.claimed.pass() }
        }
    }
}

private func order(_ text: String) { setenv("FAULT", text, 1) }
