import Testing

@testable import Federation

@Suite struct RetryScheduleTests {
    private let schedule = RetrySchedule.standard

    @Test func `the pauses grow from five seconds to a day, and then it is enough`() {
        let pauses = (1...11).map { schedule.pause(afterAttempts: $0, chance: 0.5) }
        #expect(
            pauses == [
                .seconds(5), .seconds(60), .seconds(300), .seconds(1800), .seconds(7200),
                .seconds(18_000), .seconds(36_000), .seconds(50_400), .seconds(72_000),
                .seconds(86_400), nil,
            ])
    }

    @Test func `chance moves a pause by a fifth at most`() {
        #expect(schedule.pause(afterAttempts: 2, chance: 0) == .seconds(48))
        #expect(schedule.pause(afterAttempts: 2, chance: 1) == .seconds(72))
        #expect(schedule.pause(afterAttempts: 2, chance: 7) == .seconds(72))
        #expect(schedule.pause(afterAttempts: 2, chance: -7) == .seconds(48))
    }

    @Test func `who asks for a longer wait gets it, up to a day`() {
        let asked: [(Duration, Duration)] = [
            (.seconds(600), .seconds(600)), (.seconds(1), .seconds(60)), (.zero, .seconds(60)),
            (.seconds(1_000_000), .seconds(86_400)),
        ]
        for (asked, pause) in asked {
            #expect(schedule.pause(afterAttempts: 2, chance: 0.5, asked: asked) == pause)
        }
        #expect(schedule.pause(afterAttempts: 11, chance: 0.5, asked: .seconds(600)) == nil)
    }

    @Test func `what is never given up repeats the last pause`() {
        #expect(schedule.endlessPause(afterAttempts: 1, chance: 0.5) == .seconds(5))
        #expect(schedule.endlessPause(afterAttempts: 4000, chance: 0.5) == .seconds(86_400))
        #expect(
            RetrySchedule(pauses: []).endlessPause(afterAttempts: 1, chance: 0.5)
                == .seconds(86_400))
    }
}
