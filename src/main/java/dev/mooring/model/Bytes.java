package dev.mooring.model;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.io.StreamCorruptedException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * How strings, sets of them and byte arrays are written: a count first, then the parts. What is absent is marked as
 * such. No count is trusted for more than there is to read. Stateless and thread-safe.
 */
final class Bytes {

    private static final int STEP = 1 << 16;

    private Bytes() {}

    /** Reads how many parts follow. */
    static int count(DataInput in) throws IOException {
        int count = in.readInt();
        if (count < 0) {
            throw new StreamCorruptedException("negative count " + count);
        }
        return count;
    }

    static void writeNames(Set<String> names, DataOutput out) throws IOException {
        out.writeInt(names.size());
        for (String name : names) {
            writeString(name, out);
        }
    }

    static Set<String> readNames(DataInput in) throws IOException {
        int count = count(in);
        Set<String> names = new HashSet<>();
        for (int i = 0; i < count; i++) {
            names.add(readString(in));
        }
        return names;
    }

    static void writeNullable(@Nullable String text, DataOutput out) throws IOException {
        out.writeBoolean(text != null);
        if (text != null) {
            writeString(text, out);
        }
    }

    static @Nullable String readNullable(DataInput in) throws IOException {
        return in.readBoolean() ? readString(in) : null;
    }

    static void writeNullable(@Nullable Long number, DataOutput out) throws IOException {
        out.writeBoolean(number != null);
        if (number != null) {
            out.writeLong(number);
        }
    }

    static @Nullable Long readNullableLong(DataInput in) throws IOException {
        return in.readBoolean() ? Long.valueOf(in.readLong()) : null;
    }

    // Not writeUTF: it refuses strings of more than 65535 bytes, and an attribute's name has no limit.
    static void writeString(String text, DataOutput out) throws IOException {
        writeBytes(text.getBytes(StandardCharsets.UTF_8), out);
    }

    static String readString(DataInput in) throws IOException {
        byte[] bytes = readBytes(in);
        if (bytes == null) {
            throw new StreamCorruptedException("a name is missing");
        }
        return new String(bytes, StandardCharsets.UTF_8);
    }

    static void writeBytes(byte @Nullable [] bytes, DataOutput out) throws IOException {
        out.writeInt(bytes == null ? -1 : bytes.length);
        if (bytes != null) {
            out.write(bytes);
        }
    }

    static byte @Nullable [] readBytes(DataInput in) throws IOException {
        int length = in.readInt();
        if (length == -1) {
            return null;
        }
        return read(in, length);
    }

    /**
     * Reads {@code length} bytes. Grows with what is there, so that a hostile length costs no memory.
     *
     * @throws StreamCorruptedException if the length is negative
     * @throws IOException if {@code in} ends early
     */
    private static byte[] read(DataInput in, int length) throws IOException {
        if (length < 0) {
            throw new StreamCorruptedException("negative length " + length);
        }
        byte[] bytes = new byte[Math.min(length, STEP)];
        int read = 0;
        while (read < length) {
            if (read == bytes.length) {
                bytes = Arrays.copyOf(bytes, (int) Math.min(length, bytes.length * 2L));
            }
            in.readFully(bytes, read, bytes.length - read);
            read = bytes.length;
        }
        return bytes;
    }
}
