import Foundation
import Testing

@testable import Media

/// A directory of one's own, removed at the end.
final class Folder: Sendable {
    let path = FileManager.default.temporaryDirectory
        .appendingPathComponent("viaduct-media-\(UUID().uuidString)").path

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// All files below, by their paths from here.
    var files: [String] {
        (FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? [])
            .filter { $0.contains("/") }.sorted()
    }
}

@Suite struct PictureStoreTests {
    private let folder = Folder()

    private func store() throws -> PictureStore {
        try PictureStore(directory: folder.path, lowWater: 0)
    }

    @Test func `a picture is one file under the name of its content, however often it is put`()
        async throws
    {
        let store = try store()
        let picture = try Picture.read(JPEG.file())
        let name = try await store.put(picture)
        #expect(try await store.put(Picture.read(JPEG.file() + [1, 2, 3])) == name)
        #expect(name == PictureStore.name(of: picture))
        #expect(folder.files == ["\(name.digest.prefix(2))/\(name)"])
        #expect(try await store.bytes(of: name) == picture.bytes)
        #expect(try await store.contains(name))
    }

    @Test func `a hundred writers of one picture leave one file`() async throws {
        let store = try store()
        let picture = try Picture.read(PNG.file())
        try await withThrowingTaskGroup(of: PictureName.self) { group in
            for _ in 0..<100 { group.addTask { try await store.put(picture) } }
            for try await name in group { #expect(name == PictureStore.name(of: picture)) }
        }
        #expect(folder.files.count == 1)
    }

    @Test func `others of the group may read a file, and nobody else`() async throws {
        let name = try await store().put(Picture.read(PNG.file()))
        let path = "\(folder.path)/\(name.digest.prefix(2))/\(name)"
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions]
        #expect((mode as? NSNumber)?.intValue ?? 0o777 & 0o137 == 0o640)
    }

    @Test func `a picture that is not there is none`() async throws {
        let name = try #require(PictureName(String(repeating: "0", count: 32) + ".jpg"))
        let store = try store()
        #expect(try await store.bytes(of: name) == nil)
        #expect(try await !store.contains(name))
        try await store.remove(name, olderThan: .distantFuture)
    }

    @Test func `the sweep finds the old and spares the new`() async throws {
        let store = try store()
        let picture = try Picture.read(PNG.file())
        let name = try await store.put(picture)
        let shard = try #require(UInt8(name.digest.prefix(2), radix: 16))
        #expect(try await store.names(in: shard, olderThan: .distantPast).isEmpty)
        #expect(try await store.names(in: shard, olderThan: .distantFuture) == [name])
        #expect(try await store.names(in: shard &+ 1, olderThan: .distantFuture).isEmpty)
        try await store.remove(name, olderThan: .distantPast)
        #expect(try await store.contains(name))
        try await store.remove(name, olderThan: .distantFuture)
        #expect(try await !store.contains(name))
    }

    @Test func `what a killed writer left is removed by the sweep, and is no picture`()
        async throws
    {
        let store = try store()
        let name = try await store.put(Picture.read(PNG.file()))
        let left = "\(folder.path)/\(name.digest.prefix(2))/.new-1234"
        try Data([1]).write(to: URL(fileURLWithPath: left))
        let shard = try #require(UInt8(name.digest.prefix(2), radix: 16))
        _ = try await store.names(in: shard, olderThan: .distantPast)
        #expect(FileManager.default.fileExists(atPath: left))
        #expect(try await store.names(in: shard, olderThan: .distantFuture) == [name])
        #expect(!FileManager.default.fileExists(atPath: left))
    }

    @Test func `a file has its name only once it is whole on disk`() async throws {
        let picture = try Picture.read(PNG.file())
        let name = PictureStore.name(of: picture).description
        let folder = folder
        let store = try PictureStore(directory: folder.path, lowWater: 0) { moment in
            let files = folder.files
            #expect(files.count == 1)
            #expect(files.contains { $0.hasSuffix(name) } == (moment == .renamed))
            let attributes = try? FileManager.default.attributesOfItem(
                atPath: "\(folder.path)/\(files.first ?? "")")
            #expect((attributes?[.size] as? NSNumber)?.intValue == picture.bytes.count)
        }
        _ = try await store.put(picture)
    }

    @Test func `a thumbnail stands beside its picture`() async throws {
        let store = try store()
        let name = try await store.put(Picture.read(PNG.file()))
        let thumbnail = try Picture.read(WebP.file(WebP.chunk("VP8 ", WebP.lossy)))
        let own = try await store.put(thumbnail: thumbnail, .small, of: name)
        #expect(own == name.thumbnail(.small))
        #expect(try await store.bytes(of: own) == thumbnail.bytes)
        #expect(folder.files.count == 2)
    }

    @Test func `a disk below low water takes no pictures and keeps those it has`() async throws {
        let name = try await store().put(Picture.read(PNG.file()))
        let full = try PictureStore(directory: folder.path, lowWater: 1.1)
        let another = try Picture.read(JPEG.file())
        #expect(!full.hasRoom)
        await #expect(throws: MediaError.full) { try await full.put(another) }
        #expect(try await full.contains(name))
        #expect(folder.files.count == 1)
    }

    @Test func `a directory that cannot be made stops the start`() {
        #expect(throws: MediaError.noDirectory) {
            try PictureStore(directory: "/dev/null/pictures")
        }
    }
}

@Suite struct PictureNameTests {
    private static let digest = "0123456789abcdef0123456789abcdef"

    @Test(arguments: [".jpg", ".png", ".webp", "-400.jpg", "-1200.webp"])
    func `a name reads back`(ending: String) throws {
        let name = try #require(PictureName(Self.digest + ending))
        #expect(name.description == Self.digest + ending)
        #expect(name.digest == Self.digest)
    }

    @Test(arguments: [
        "", ".jpg", "../../etc/passwd", digest, digest + ".jpg.php", digest + ".JPG",
        digest + "-400", digest + "-4000.jpg", digest + ".jpg\0", digest + "/.jpg", digest + ".gif",
        "A" + digest.dropFirst() + ".jpg", digest.dropLast() + ".jpg", "\u{301}" + digest + ".jpg",
        String(repeating: "a", count: 10_000),
    ])
    func `another text is no name`(text: String) {
        #expect(PictureName(text) == nil)
    }
}
