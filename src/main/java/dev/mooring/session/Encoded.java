package dev.mooring.session;

import org.jspecify.annotations.Nullable;

/**
 * A value that an application may set.
 *
 * @param bytes what it is serialised to, shared; null if it cannot be serialised and stays on this node
 */
record Encoded(byte @Nullable [] bytes) {

    static final Encoded LOCAL = new Encoded(null);

    int size() {
        return bytes == null ? 0 : bytes.length;
    }
}
