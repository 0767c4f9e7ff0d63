import Glibc
import Processes

/// Draws pictures smaller, in a child process that a hostile picture may kill (M5).
///
/// The decoder is libvips' own program. It reads the picture from its standard input and writes the
/// thumbnail to its standard output; it has 512 MB of memory, 10 s of processor, 20 s of time, and,
/// where the system allows, no network and no account. What it writes is read like any stranger's
/// picture before it is kept.
package struct Thumbnailer: Sendable {
    /// Whether thumbnails are drawn at all, and behind which walls.
    package enum State: Sendable, Equatable {
        /// No program is there: pictures are shown as they are.
        case absent
        /// Limits of memory and time, and the server's account and network.
        case limited
        /// Besides, no network.
        case isolated
    }

    /// Why there is no thumbnail of a picture.
    package enum Failure: Error, Equatable, Sendable {
        /// No program is there.
        case absent
        /// The program refused the picture, or died of it; it will not do better next time.
        case undrawable
    }

    package let state: State
    private let command: [String]
    private let gate: ThumbnailGate

    /// Looks for the program and tries which walls the system allows.
    ///
    /// At most `width` pictures are drawn at once; the others wait.
    package static func find(
        program: String = "vipsthumbnail", width: Int = 2
    ) async -> Thumbnailer {
        let gate = ThumbnailGate(width: width)
        for (state, walls) in Self.walls {
            let command = walls + Self.limits + [program]
            let probe = await Self.run(command + ["--vips-version"], input: [])
            if probe?.isEmpty == false {
                return Thumbnailer(state: state, command: command, gate: gate)
            }
        }
        return Thumbnailer(state: .absent, command: [], gate: gate)
    }

    /// The picture at most `size` pixels a side, upright, in sRGB, without profile or metadata.
    package func thumbnail(
        of picture: Picture, _ size: ThumbnailSize
    ) async throws(Failure) -> Picture {
        guard state != .absent else { throw .absent }
        let side = size.rawValue
        let saver = picture.format == .jpeg ? ".jpg[Q=80,strip]" : ".webp[Q=80,strip]"
        // ">" only ever shrinks.
        let command =
            command + [
                "stdin", "--size", "\(side)x\(side)>", "--export-profile", "srgb", "--output",
                saver,
            ]
        await gate.enter()
        let drawn = await Self.run(command, input: picture.bytes)
        await gate.leave()
        guard let drawn, let clean = try? Picture.read(drawn, limits: Self.drawn),
            clean.width <= side,
            clean.height <= side
        else { throw .undrawable }
        return clean
    }

    // MARK: - The child

    /// Commands that put walls around the one that follows them, the best first.
    private static var walls: [(State, [String])] {
        let person = ["setpriv", "--no-new-privs"]
        let nobody =
            getuid() == 0
            ? person + ["--reuid", "65534", "--regid", "65534", "--clear-groups"] : person
        let names = ["unshare", "--user", "--net", "--"]
        let root = ["unshare", "--net", "--"]
        return [
            (.isolated, root + nobody), (.isolated, names + person), (.limited, nobody),
            (.limited, []),
        ]
    }

    private static let limits = [
        "prlimit", "--as=536870912", "--cpu=10", "--core=0", "--fsize=0", "--nofile=32", "--",
    ]

    /// One thread, the well-tested decoders only, and no machine code made at run time: libvips'
    /// vector code writes a file for it, which the limits forbid.
    private static let environment = [
        "PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C", "VIPS_CONCURRENCY": "1",
        "VIPS_BLOCK_UNTRUSTED": "1", "VIPS_NOVECTOR": "1", "ORC_CODE": "emulate",
    ]

    /// A thumbnail is far smaller; more than this is no thumbnail.
    private static let outputLimit = 4 << 20
    /// A thumbnail is in sRGB, and says so best by saying nothing.
    private static let drawn = {
        var limits = PictureLimits.standard
        limits.profileBytes = 0
        return limits
    }()
    private static let patience = Duration.seconds(20)

    /// What a command writes that ends well; `nil` if it does not.
    private static func run(_ command: [String], input: [UInt8]) async -> [UInt8]? {
        let child = ChildProcess(
            command, environment: environment, most: outputLimit, patience: patience)
        do throws(ChildProcess.Failure) {
            let end = try await child.run(input: input)
            return end.isSuccess ? end.output : nil
        } catch {
            return nil
        }
    }
}

/// Lets at most so many in at once; the others wait in line.
private actor ThumbnailGate {
    private var room: Int
    private var line: [CheckedContinuation<Void, Never>] = []

    init(width: Int) {
        room = max(1, width)
    }

    func enter() async {
        guard room == 0 else {
            room -= 1
            return
        }
        await withCheckedContinuation { line.append($0) }
    }

    func leave() {
        guard line.isEmpty else {
            line.removeFirst().resume()
            return
        }
        room += 1
    }
}
