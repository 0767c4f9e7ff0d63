import Foundation
import Reports
import Testing

@Suite struct ChangeCursorTests {
    static let cursors = [
        ChangeCursor.beginning, ChangeCursor(transaction: 1, sequence: 2),
        ChangeCursor(transaction: 1 << 40 + 77, sequence: 0),
        ChangeCursor(transaction: .max, sequence: .max),
    ]

    @Test(arguments: cursors)
    func `a cursor is read as it was written`(cursor: ChangeCursor) {
        #expect(ChangeCursor(parsing: cursor.text) == cursor)
        #expect(cursor.text.utf8.count == 36)
    }

    @Test func `the text of a cursor stays the same for years`() {
        let text = "01000000000000303900000000000000079a"
        #expect(ChangeCursor(transaction: 12_345, sequence: 7).text == text)
        #expect(ChangeCursor(parsing: text) == ChangeCursor(transaction: 12_345, sequence: 7))
    }

    @Test(arguments: cursors)
    func `a cursor with any other character is none`(cursor: ChangeCursor) {
        let text = Array(cursor.text.utf8)
        for place in text.indices {
            for byte in Array("0123456789abcdefABCDEFgx -_%\u{0}".utf8) where byte != text[place] {
                var other = text
                other[place] = byte
                let spoilt = String(decoding: other, as: UTF8.self)
                #expect(ChangeCursor(parsing: spoilt) == nil, "\(spoilt)")
            }
        }
        for spoilt in ["", cursor.text + "0", " " + cursor.text, String(cursor.text.dropLast(2))] {
            #expect(ChangeCursor(parsing: spoilt) == nil, "\(spoilt)")
        }
    }

    @Test func `a cursor of a negative place is none`() {
        let cursor = ChangeCursor(transaction: -1, sequence: 1)
        #expect(ChangeCursor(parsing: cursor.text) == nil)
    }

    @Test func `cursors are ordered by transaction, then by place`() {
        let ordered = [
            ChangeCursor.beginning, ChangeCursor(transaction: 0, sequence: 1),
            ChangeCursor(transaction: 1, sequence: 0), ChangeCursor(transaction: 2, sequence: 0),
        ]
        #expect(ordered.shuffled().sorted() == ordered)
    }
}
