import Federation
import FoundationEssentials
import Processes

/// The way to a program on this machine, as a `Wire`: each call runs it once.
///
/// | Method | Address | |
/// |---|---|---|
/// | GET | `program:QUESTION` | what changes nothing |
/// | POST | `program:MESSAGE` | what may change something |
///
/// The body is the program's standard input, its standard output the reply's body. The status is 200
/// if it ends well and 500 if it does not; then the body is the beginning of its standard error.
package struct ProgramWay: Sendable {
    private let settings: Settings

    package struct Settings: Sendable {
        /// The program and its arguments.
        package var command: [String]
        /// Where it runs.
        package var directory: String
        /// What it finds in its environment besides `PATH` and `LANG`.
        package var variables: [String: String]
        /// How long a call may take, whatever the adapter would wait.
        package var patience: Duration

        package init(
            command: [String], directory: String, variables: [String: String],
            patience: Duration
        ) {
            self.command = command
            self.directory = directory
            self.variables = variables
            self.patience = patience
        }
    }

    package init(_ settings: Settings) {
        self.settings = settings
    }

    /// The way as adapters use it.
    package func wire(now: @escaping @Sendable () -> Date = { Date() }) -> Wire {
        Wire(now: now) { call async throws(PeerError) in try await run(call) }
    }

    private func run(_ call: Wire.Call) async throws(PeerError) -> Wire.Reply {
        let child = ChildProcess(
            settings.command,
            environment: [
                "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8",
            ].merging(settings.variables) { $1 },
            directory: settings.directory, most: call.most, patience: settings.patience)
        let end: ChildProcess.End
        do throws(ChildProcess.Failure) {
            end = try await child.run(input: call.body)
        } catch {
            throw call.failed(error, settings)
        }
        return end.isSuccess
            ? Wire.Reply(status: 200, body: end.output)
            : Wire.Reply(status: 500, body: Array(end.complaint.utf8))
    }
}

extension Wire.Call {
    fileprivate func failed(
        _ failure: ChildProcess.Failure, _ settings: ProgramWay.Settings
    ) -> PeerError {
        switch failure {
        case .notStarted:
            PeerError(.forbidden, "\(settings.command.first ?? "") cannot be run")
        case .ended:
            PeerError(
                changesNothing ? .later(nil) : .ambiguous,
                "the program was ended: it took longer than "
                    + "\(settings.patience.components.seconds) s or wrote more than \(most) bytes")
        }
    }
}
