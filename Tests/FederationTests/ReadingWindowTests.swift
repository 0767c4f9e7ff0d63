import Foundation
import Reports
import Testing

@testable import Federation

@Suite struct ReadingWindowTests {
    private let polling = Peer.Polling(overlap: .seconds(900), sweep: .seconds(86_400))
    private let now = Date(timeIntervalSince1970: 1_790_000_000)

    @Test func `the first reading goes back as far as the sweep, and has no end`() {
        let window = ReadingWindow(after: nil, polling: polling, now: now)
        #expect(window.from == now.addingTimeInterval(-86_400))
        #expect(window.to == nil)
        #expect(window.number == 1)
    }

    @Test func `the next one begins behind the newest time that was seen, by the overlap`() {
        let seen = now.addingTimeInterval(-5000)
        let page = ReadingWindow(after: nil, polling: polling, now: now)
            .page(of: [], count: 3, newest: seen, limit: 50, clock: clock(now))
        #expect(page.isLast)
        let next = ReadingWindow(after: page.next, polling: polling, now: now)
        #expect(next.from == seen.addingTimeInterval(-900))
        let local = ReadingWindow(after: page.next, polling: polling, stamps: .local, now: now)
        #expect(local.from == seen.addingTimeInterval(-4500))
    }

    @Test func `a reading that finds nothing moves nothing`() {
        let first = ReadingWindow(after: nil, polling: polling, now: now)
            .page(of: [], count: 1, newest: now, limit: nil, clock: clock(now))
        let later = now.addingTimeInterval(3600)
        let second = ReadingWindow(after: first.next, polling: polling, now: later)
            .page(of: [], count: 0, newest: nil, limit: nil, clock: clock(later))
        #expect(second.isLast)
        #expect(second.next == first.next)
    }

    @Test func `a time of the year 2099 hides nothing`() {
        let page = ReadingWindow(after: nil, polling: polling, now: now)
            .page(
                of: [], count: 1, newest: Date(timeIntervalSince1970: 4_000_000_000), limit: nil,
                clock: clock(now))
        let next = ReadingWindow(after: page.next, polling: polling, now: now)
        #expect(next.from == now.addingTimeInterval(-900))
    }

    @Test func `a clock that was set back is followed`() {
        let page = ReadingWindow(after: Cursor(text: "1790086400"), polling: polling, now: now)
            .page(of: [], count: 0, newest: nil, limit: nil, clock: clock(now))
        let next = ReadingWindow(after: page.next, polling: polling, now: now)
        #expect(next.from == now.addingTimeInterval(-900))
    }

    @Test func `an answer that was cut off is not used but asked for in halves`() throws {
        let item = Incoming.update(IncomingUpdate(id: "1", report: "2", told: now))
        let window = ReadingWindow(after: nil, polling: polling, now: now)
        let page = window.page(
            of: [item], count: 50, newest: now, limit: 50, clock: clock(now))
        #expect(page.items.isEmpty)
        #expect(!page.isLast)
        let half = ReadingWindow(after: page.next, polling: polling, now: now)
        #expect(half.from == window.from)
        #expect(half.to == now.addingTimeInterval(-43_200))
        let rest = half.page(of: [item], count: 49, newest: half.to, limit: 50, clock: clock(now))
        #expect(rest.items == [item])
        #expect(!rest.isLast)
        let open = ReadingWindow(after: rest.next, polling: polling, now: now)
        #expect(open.from == half.to)
        #expect(open.to == nil)
    }

    @Test func `one second that holds too much is told, or turned page by page`() {
        var window = ReadingWindow(
            after: Cursor(text: "1000 1001 - 2000 1"), polling: polling, now: now)
        let told = window.page(of: [], count: 50, newest: nil, limit: 50, clock: clock(now))
        #expect(told.unreadable == ["more than 50 of one second"])
        #expect(!told.isLast)
        var read = 0
        for count in [50, 50, 0] {
            let page = window.page(
                of: [], count: count, newest: nil, limit: 50, paging: .numbered,
                clock: clock(now))
            read += 1
            #expect(page.unreadable.isEmpty)
            window = ReadingWindow(after: page.next, polling: polling, now: now)
            #expect(window.number == (count == 0 ? 1 : read + 1))
        }
        #expect(window.from == Date(timeIntervalSince1970: 1001))
    }

    @Test(arguments: ["", "nonsense", "1 2 3", "a b c d e", "1000 - - - 0"])
    func `a cursor that means nothing begins anew`(text: String) {
        let window = ReadingWindow(after: Cursor(text: text), polling: polling, now: now)
        #expect(window.from == now.addingTimeInterval(-86_400))
    }

    @Test func `a peer's clock is the date of its answer`() {
        let reply = Wire.Reply(
            status: 200, headers: [.init("date", "Sun, 06 Nov 1994 08:49:37 GMT")])
        let received = Date(timeIntervalSince1970: 784_111_777 + 86_400)
        let clock = PeerClock(reply, received: received)
        #expect(clock.now == Date(timeIntervalSince1970: 784_111_777))
        #expect(clock.lead == -86_400)
        #expect(clock.ours(clock.now) == received)
        let near = PeerClock(reply, received: Date(timeIntervalSince1970: 784_111_777 + 60))
        #expect(near.lead == 0)
        for text in ["yesterday", "Sun, 06 Nov 1994 25:49:37 GMT", "Sun, 6 Foo 1994 08:49:37 GMT"] {
            let odd = PeerClock(
                Wire.Reply(status: 200, headers: [.init("Date", text)]), received: received)
            #expect(odd.now == received)
        }
    }

    private func clock(_ time: Date) -> PeerClock {
        PeerClock(Wire.Reply(status: 200), received: time)
    }
}
