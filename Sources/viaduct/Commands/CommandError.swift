import ArgumentParser
import CaseStore
import Foundation
import GeoReport
import Postgres

/// Why a command ends without having done its work: a sentence that says what to do.
struct CommandError: Error, CustomStringConvertible {
    let description: String
    let exit: Exit

    /// What scripts learn: the codes of sysexits.h.
    enum Exit: Int32 {
        /// Something was found wrong, as asked.
        case found = 1
        case usage = 64
        case data = 65
        case noInput = 66
        case unavailable = 69
        case software = 70
        case output = 74
        case settings = 78
        /// Ctrl-C, as shells tell it.
        case interrupted = 130
    }

    init(_ exit: Exit, _ description: String) {
        self.exit = exit
        self.description = description
    }
}

/// A command whose failures are told in one sentence and an exit code.
protocol ViaductCommand: AsyncParsableCommand {
    /// Does the command's work.
    func perform() async throws
}

extension ViaductCommand {
    func run() async throws {
        do {
            try await perform()
        } catch {
            guard let told = CommandError(telling: error) else { throw error }
            Terminal.complain(told.description)
            throw ExitCode(told.exit.rawValue)
        }
    }
}

extension CommandError {
    /// An error of the modules in words for whoever typed the command; `nil` if it is none of them.
    init?(telling error: any Error) {
        switch error {
        case let error as CommandError: self = error
        case let error as SettingsError: self.init(.settings, "\(error)")
        case let error as ClusterError: self.init(.unavailable, "\(error)")
        case let error as MigrationError:
            self.init(.unavailable, "The database cannot be migrated: \(error)")
        case let error as CaseStoreError: self.init(error)
        case let error as ReadingError: self.init(.data, error.sentence)
        case let error as FetchError: self.init(.unavailable, "\(error)")
        case is ExitCode, is CleanExit, is ValidationError, is CancellationError: return nil
        default: self.init(.software, "It did not work: \(error)")
        }
    }

    private init(_ error: CaseStoreError) {
        switch error {
        case .unavailable:
            self.init(
                .unavailable,
                "The database is out of reach; start it, or look at database.url, and try again.")
        case .timeout, .inFlight:
            self.init(.unavailable, "The database took too long; try again when it is less busy.")
        case .unpublished:
            self.init(
                .unavailable,
                "The jurisdiction is not in the database yet; run viaduct serve or migrate once.")
        case .locked:
            self.init(
                .settings,
                "The data keys that personal data is sealed with are not all here; viaduct doctor "
                    + "tells which.")
        case .taken: self.init(.data, "The name is taken; choose another one.")
        case .keyReused, .quotaUsedUp, .unknownOrigin, .defect:
            self.init(.software, "The database refused a statement of ours: \(error)")
        }
    }
}

extension ReadingError {
    /// What is wrong with the document.
    var sentence: String {
        switch self {
        case .malformed(let what): "The document cannot be read: \(what)."
        case .unexpected(let what): "The document is another one than expected: \(what)."
        case .refused(let faults):
            "The server refused: "
                + faults.map { "\($0.code.map(String.init) ?? "") \($0.description)" }
                .joined(separator: "; ") + "."
        }
    }
}
