import AdapterKit
import Federation
import FileDrop
import Foundation
import Reports
import Testing

@Suite struct `The adapter for files` {
    @Test(arguments: FileDropSettings.Format.allCases)
    func `does what no author should have to remember`(format: FileDropSettings.Format) async throws
    {
        let id = "ngo-7F3K2M9Q"
        let conformance = AdapterConformance(
            of: FileDropAdapter(FileDropSettings(format: format)), at: "folder:", secrets: [],
            messages: [try .report(), try .update(ticket: id), try .erasure(ticket: id)],
            over: .folder, now: Date(timeIntervalSince1970: 1_776_643_200)
        ) {
            let folder = MemoryFolder()
            return { folder.answer($0) }
        }
        #expect(await conformance.findings() == [])
    }
}

extension AdapterConformance.Way {
    /// Nobody takes a file before it has its name.
    fileprivate static let folder = AdapterConformance.Way(
        changes: { $0.method == "MOVE" },
        failures: [
            (Wire.Reply(status: 403), [.forbidden]), (Wire.Reply(status: 507), [.later(nil)]),
            (Wire.Reply(status: 503), [.later(nil)]),
        ],
        troubles: [Wire.Reply(status: 503)], answersInBodies: false)
}
