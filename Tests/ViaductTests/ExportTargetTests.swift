import Foundation
import Testing

@testable import viaduct

@Suite struct ExportTargetTests {
    @Test func `a reader that goes away ends the export and not the process`() async {
        await #expect(processExitsWith: .success) {
            Signals.ignoreClosedOutput()
            var ends: [Int32] = [0, 0]
            try #require(pipe(&ends) == 0)
            close(ends[0])
            dup2(ends[1], STDOUT_FILENO)
            let target = try ExportTarget(nil)
            do throws(CommandError) {
                try target.write([10])
                exit(1)
            } catch {
                exit(error.exit == .output ? 0 : 2)
            }
        }
    }
}
