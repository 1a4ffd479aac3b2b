package dev.mooring.model;

import java.io.DataInput;
import java.io.IOException;
import java.io.StreamCorruptedException;
import java.util.Arrays;

/** Reads byte arrays whose length nobody vouches for. */
final class Bytes {

    private static final int STEP = 1 << 16;

    private Bytes() {}

    /**
     * Reads {@code length} bytes. Grows with what is there, so that a hostile length costs no memory.
     *
     * @throws StreamCorruptedException if the length is negative
     * @throws IOException if {@code in} ends early
     */
    static byte[] read(DataInput in, int length) throws IOException {
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
