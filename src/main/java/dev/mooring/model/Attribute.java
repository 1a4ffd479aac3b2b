package dev.mooring.model;

import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One session attribute as the cluster holds it: bytes that nobody but the application's nodes understands.
 *
 * @param stamp when it was written, and by whom
 * @param bytes the serialised value; shared, never to be changed; null where a reader already has it, see {@link
 *     SessionRecord#since(long)}
 */
public record Attribute(Stamp stamp, byte @Nullable [] bytes) {

    /** Checks that the stamp is present. */
    public Attribute {
        Objects.requireNonNull(stamp, "stamp");
    }

    /**
     * Returns this attribute without its value, for a reader that has it.
     *
     * @return the stamp alone
     */
    public Attribute withoutBytes() {
        return bytes == null ? this : new Attribute(stamp, null);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Attribute that && stamp.equals(that.stamp) && Arrays.equals(bytes, that.bytes);
    }

    @Override
    public int hashCode() {
        return 31 * stamp.hashCode() + Arrays.hashCode(bytes);
    }

    @Override
    public String toString() {
        return "Attribute[" + stamp + ", " + (bytes == null ? "known" : bytes.length + " bytes") + "]";
    }
}
