// GMime, with what its macros do as functions: a pointer to any of its objects is a void pointer
// here, because Swift knows nothing of which object is which.
#include <gmime/gmime.h>
#include <stdint.h>

static inline int gm_is_multipart(void *object) { return GMIME_IS_MULTIPART(object); }
static inline int gm_is_text(void *object) { return GMIME_IS_TEXT_PART(object); }
static inline int gm_is_part(void *object) { return GMIME_IS_PART(object); }
static inline int gm_is_message_part(void *object) { return GMIME_IS_MESSAGE_PART(object); }
static inline void gm_unref(void *object) { g_object_unref(object); }

// What was written to memory; a stream that owned it would empty it at its end.
static inline GByteArray *gm_take(GMimeStreamMem *stream) {
    g_mime_stream_mem_set_owner(stream, FALSE);
    return g_mime_stream_mem_get_byte_array(stream);
}

// What is read.

static inline void *gm_parse(const char *bytes, size_t count) {
    GMimeStream *stream = g_mime_stream_mem_new_with_buffer(bytes, count);
    GMimeParser *parser = g_mime_parser_new_with_stream(stream);
    g_mime_parser_set_format(parser, GMIME_FORMAT_MESSAGE);
    GMimeMessage *message = g_mime_parser_construct_message(parser, NULL);
    g_object_unref(parser);
    g_object_unref(stream);
    return message;
}

static inline void *gm_root(void *message) { return g_mime_message_get_mime_part(message); }
static inline const char *gm_message_id(void *message) {
    return g_mime_message_get_message_id(message);
}
static inline const char *gm_subject(void *message) { return g_mime_message_get_subject(message); }
static inline int64_t gm_date(void *message) {
    GDateTime *date = g_mime_message_get_date(message);
    return date ? g_date_time_to_unix(date) : 0;
}
static inline int gm_header_count(void *object) {
    return g_mime_header_list_get_count(g_mime_object_get_header_list(object));
}
static inline const char *gm_header_name(void *object, int index) {
    GMimeHeaderList *list = g_mime_object_get_header_list(object);
    return g_mime_header_get_name(g_mime_header_list_get_header_at(list, index));
}
static inline const char *gm_header_value(void *object, int index) {
    GMimeHeaderList *list = g_mime_object_get_header_list(object);
    return g_mime_header_get_value(g_mime_header_list_get_header_at(list, index));
}
static inline int gm_child_count(void *multipart) { return g_mime_multipart_get_count(multipart); }
static inline void *gm_child(void *multipart, int index) {
    return g_mime_multipart_get_part(multipart, index);
}
static inline void *gm_inner_message(void *part) { return g_mime_message_part_get_message(part); }
// `type/subtype` in lower case; to be freed with g_free.
static inline char *gm_type(void *object) {
    GMimeContentType *type = g_mime_object_get_content_type(object);
    if (!type) return NULL;
    char *text = g_mime_content_type_get_mime_type(type);
    if (!text) return NULL;
    char *lower = g_ascii_strdown(text, -1);
    g_free(text);
    return lower;
}
static inline const char *gm_file_name(void *part) { return g_mime_part_get_filename(part); }
static inline int gm_is_attachment(void *object) {
    const char *disposition = g_mime_object_get_disposition(object);
    return disposition && g_ascii_strcasecmp(disposition, "attachment") == 0;
}
// In UTF-8; to be freed with g_free.
static inline char *gm_text(void *part) { return g_mime_text_part_get_text(part); }
// To be freed with g_byte_array_unref.
static inline GByteArray *gm_content(void *part) {
    GMimeDataWrapper *content = g_mime_part_get_content(part);
    if (!content) return NULL;
    GMimeStream *stream = g_mime_stream_mem_new();
    GByteArray *bytes = NULL;
    if (g_mime_data_wrapper_write_to_stream(content, stream) >= 0) {
        bytes = gm_take((GMimeStreamMem *) stream);
    }
    g_object_unref(stream);
    return bytes;
}
static inline const uint8_t *gm_bytes(GByteArray *array) { return array->data; }
static inline size_t gm_byte_count(GByteArray *array) { return array->len; }

// The addresses of a header, one call each; to be freed with gm_unref.
static inline void *gm_addresses(const char *text) { return internet_address_list_parse(NULL, text); }
static inline int gm_address_count(void *list) { return internet_address_list_length(list); }
// NULL for a group.
static inline const char *gm_address(void *list, int index) {
    InternetAddress *address = internet_address_list_get_address(list, index);
    return INTERNET_ADDRESS_IS_MAILBOX(address)
        ? internet_address_mailbox_get_addr((InternetAddressMailbox *) address) : NULL;
}

// What is written.

static inline void *_Nonnull gm_new_message(void) { return g_mime_message_new(TRUE); }
static inline void gm_add_sender(void *message, const char *name, const char *address) {
    g_mime_message_add_mailbox(message, GMIME_ADDRESS_TYPE_FROM, name, address);
}
static inline void gm_add_recipient(void *message, const char *name, const char *address) {
    g_mime_message_add_mailbox(message, GMIME_ADDRESS_TYPE_TO, name, address);
}
static inline void gm_set_reply_to(void *message, const char *name, const char *address) {
    g_mime_message_add_mailbox(message, GMIME_ADDRESS_TYPE_REPLY_TO, name, address);
}
static inline void gm_set_subject(void *message, const char *subject) {
    g_mime_message_set_subject(message, subject, "utf-8");
}
static inline void gm_set_message_id(void *message, const char *id) {
    g_mime_message_set_message_id(message, id);
}
static inline void gm_set_date(void *message, int64_t seconds) {
    GDateTime *date = g_date_time_new_from_unix_utc(seconds);
    if (!date) return;
    g_mime_message_set_date(message, date);
    g_date_time_unref(date);
}
static inline void gm_set_header(void *object, const char *name, const char *value) {
    g_mime_object_set_header(object, name, value, "utf-8");
}
static inline void *_Nonnull gm_new_text(const char *text) {
    GMimeTextPart *part = g_mime_text_part_new_with_subtype("plain");
    g_mime_text_part_set_charset(part, "utf-8");
    g_mime_text_part_set_text(part, text);
    g_mime_part_set_content_encoding((GMimePart *) part, GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE);
    return part;
}
static inline void *_Nonnull gm_new_attachment(
    const char *type, const char *subtype, const char *name, const uint8_t *bytes, size_t count) {
    GMimePart *part = g_mime_part_new_with_type(type, subtype);
    GMimeStream *stream = g_mime_stream_mem_new_with_buffer((const char *) bytes, count);
    GMimeDataWrapper *content =
        g_mime_data_wrapper_new_with_stream(stream, GMIME_CONTENT_ENCODING_DEFAULT);
    g_mime_part_set_content(part, content);
    g_mime_part_set_content_encoding(part, GMIME_CONTENT_ENCODING_BASE64);
    g_mime_object_set_disposition((GMimeObject *) part, "attachment");
    g_mime_part_set_filename(part, name);
    g_object_unref(content);
    g_object_unref(stream);
    return part;
}
static inline void *_Nonnull gm_new_multipart(const char *boundary) {
    GMimeMultipart *multipart = g_mime_multipart_new_with_subtype("mixed");
    g_mime_multipart_set_boundary(multipart, boundary);
    return multipart;
}
// The whole takes a reference of its own.
static inline void gm_add(void *multipart, void *part) { g_mime_multipart_add(multipart, part); }
static inline void gm_set_root(void *message, void *part) {
    g_mime_message_set_mime_part(message, part);
}
// With CR LF, as SMTP wants it; to be freed with g_byte_array_unref.
static inline GByteArray *gm_written(void *message) {
    GMimeFormatOptions *options = g_mime_format_options_new();
    g_mime_format_options_set_newline_format(options, GMIME_NEWLINE_FORMAT_DOS);
    GMimeStream *stream = g_mime_stream_mem_new();
    GByteArray *bytes = NULL;
    if (g_mime_object_write_to_stream((GMimeObject *) message, options, stream) >= 0) {
        bytes = gm_take((GMimeStreamMem *) stream);
    }
    g_object_unref(stream);
    g_mime_format_options_free(options);
    return bytes;
}
