import AdapterKit
import Federation
import FileDrop
import Foundation
import Reports
import Synchronization
import Testing

@Suite struct FileDeliveringTests {
    private let folder = MemoryFolder()

    private func dropped(_ ending: String = "csv") -> String? {
        folder.names.first { $0.hasPrefix("out/") && $0.hasSuffix("." + ending) }
    }

    @Test func `a report is one file under a name that sorts, with a copy in the archive`()
        async throws
    {
        let ticket = try await FileDropAdapter(FileDropSettings())
            .deliver(try .report(), over: folder.wire())
        #expect(ticket == Ticket(id: "ngo-7F3K2M9Q"))
        let name = try #require(dropped())
        #expect(name.hasPrefix("out/20260419T235640-report-ngo-7F3K2M9Q-"))
        #expect(folder.names == [name.replacing("out/", with: "archive/"), name])
        let lines = try #require(folder.text(name)).split(separator: "\r\n").map(String.init)
        #expect(lines[0].hasPrefix("kind,id,update_id,service_code"))
        #expect(lines[1].hasPrefix("report,ngo-7F3K2M9Q,,12,Potholes,,A hole,"))
    }

    @Test func `settings say how a table is written`() async throws {
        let table = FileDropSettings.Table(
            separator: ";", decimal: ",", encoding: .windowsCP1251, lineEnd: "\n")
        let columns = [
            FileDropSettings.Column("NR", .id), .init("X", .long), .init("TEXT", .description),
        ]
        let settings = FileDropSettings(columns: columns, table: table)
        var message = try Message.report()
        if case .report(var report) = message.content {
            report.description = "=дупка; \"голяма\""
            message = Message(
                key: message.key, content: .report(report), provenance: message.provenance)
        }
        let ticket = try await FileDropAdapter(settings).deliver(message, over: folder.wire())
        #expect(ticket.remark == nil)
        let bytes = try #require(dropped().flatMap(folder.bytes))
        let text = String(data: Data(bytes), encoding: .windowsCP1251)
        #expect(text == "NR;X;TEXT\nngo-7F3K2M9Q;23,3219;\"'=дупка; \"\"голяма\"\"\"\n")
    }

    @Test func `letters that an encoding does not have are told`() async throws {
        let table = FileDropSettings.Table(encoding: .isoLatin1)
        let columns = [FileDropSettings.Column("TEXT", .description)]
        var message = try Message.report()
        if case .report(var report) = message.content {
            report.description = "gropë на пътя"
            message = Message(
                key: message.key, content: .report(report), provenance: message.provenance)
        }
        let ticket = try await FileDropAdapter(FileDropSettings(columns: columns, table: table))
            .deliver(message, over: folder.wire())
        #expect(ticket.remark != nil)
        let bytes = try #require(dropped().flatMap(folder.bytes))
        #expect(String(data: Data(bytes), encoding: .isoLatin1) == "TEXT\r\ngropë ?? ????\r\n")
    }

    @Test func `a checksum stands beside the file before it has its name`() async throws {
        _ = try await FileDropAdapter(FileDropSettings(checksums: true))
            .deliver(try .report(), over: folder.wire())
        let sum = try #require(dropped("sha256").flatMap(folder.text))
        let file = try #require(dropped())
        #expect(sum.hasSuffix("  \(file.dropFirst(4))\n"))
        #expect(sum.prefix { $0 != " " }.count == 64)
    }

    @Test func `pictures lie beside the file that names them`() async throws {
        let wire = folder.wire().showing { address in
            address.hasSuffix("a.jpg")
                ? OutgoingPicture(name: "a.jpg", mediaType: "image/jpeg", bytes: [1, 2]) : nil
        }
        let settings = FileDropSettings(format: .json, sendsPictures: true)
        let media = ["https://ngo.example/media/a.jpg", "https://elsewhere.example/b.jpg"]
        _ = try await FileDropAdapter(settings).deliver(try .report(media: media), over: wire)
        let picture = try #require(dropped("jpg"))
        #expect(folder.bytes(picture) == [1, 2])
        let text = try #require(dropped("json").flatMap(folder.text))
        #expect(
            text.contains(
                #""media_url":["\#(picture.dropFirst(4))","https://elsewhere.example/b.jpg"]"#))
    }

    /// How far the first try came, and whether the file is there once after the second.
    @Test(arguments: 0...3)
    func `whatever broke off, a message is there once`(calls: Int) async throws {
        let settings = FileDropSettings()
        let first = Counter(calls)
        let broken = Wire(now: { Date(timeIntervalSince1970: 1_776_643_200) }) {
            call throws(PeerError) in
            guard ["GET", "HEAD"].contains(call.method) || first.goes() else {
                throw PeerError(.ambiguous, "the wire broke")
            }
            return self.folder.answer(call)
        }
        _ = try? await FileDropAdapter(settings).deliver(try .report(), over: broken)
        // The other side takes away what it sees.
        let isTaken = dropped() != nil
        if let name = dropped() {
            _ = folder.answer(
                Wire.Call(
                    "MOVE", "folder:\(name)", headers: [.init("Destination", "folder:theirs/1")]))
        }
        let again = try Message.report(firstTried: Date(timeIntervalSince1970: 1_776_643_100))
        let found = try await FileDropAdapter(settings).find(again, over: folder.wire())
        #expect((found != nil) == isTaken)
        _ = try await FileDropAdapter(settings).deliver(again, over: folder.wire())
        #expect((dropped() != nil) == !isTaken)
        #expect(!folder.names.contains { $0.hasSuffix(".part") })
    }
}

/// Lets so many through: a class, because it counts.
private final class Counter: Sendable {
    private let left: Mutex<Int>

    init(_ count: Int) {
        left = Mutex(count)
    }

    func goes() -> Bool {
        left.withLock { left in
            left -= 1
            return left >= 0
        }
    }
}
