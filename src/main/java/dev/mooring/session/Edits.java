package dev.mooring.session;

import dev.mooring.model.SessionKey;
import java.io.IOException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The attributes of one session that were changed here and are to be stored, as they were at one moment. Used by one
 * thread, which holds no lock while it serialises them.
 */
final class Edits {

    /**
     * What became of one attribute.
     *
     * @param number the number of the change
     * @param value the value; null if it was removed, or is in {@code bytes} alone
     * @param bytes what the value was serialised to when it was set; null if it was not
     * @param mayStillChange whether the value may have been changed in place since then
     * @param local whether it stays on this node
     * @param stored whether the record has the attribute
     */
    record Edit(
            long number,
            @Nullable Object value,
            byte @Nullable [] bytes,
            boolean mayStillChange,
            boolean local,
            boolean stored) {}

    private final SessionKey key;
    private final AttributeCodec codec;
    private final AttributeRules rules;
    private final Map<String, Edit> edits;
    private final Map<String, byte[]> digests = new HashMap<>();
    private final Set<String> unsure = new HashSet<>();

    /** How many bytes all attributes of the session take together. */
    private long size;

    Edits(SessionKey key, AttributeCodec codec, AttributeRules rules, Map<String, Edit> edits, long size) {
        this.key = key;
        this.codec = codec;
        this.rules = rules;
        this.edits = edits;
        this.size = size;
    }

    Map<String, Edit> byName() {
        return edits;
    }

    boolean isEmpty() {
        return edits.isEmpty();
    }

    /** Adds what the record is to set, and what it is to remove. Values that cannot be stored stay here. */
    void encode(Map<String, byte[]> set, Set<String> removed) {
        edits.forEach((name, edit) -> {
            byte[] bytes = encode(name, edit);
            if (bytes != null) {
                set.put(name, bytes);
                if (edit.value != null && !Immutables.contain(edit.value)) {
                    digests.put(name, LiveAttributes.digest(bytes));
                }
            } else if (edit.stored) {
                removed.add(name);
            }
        });
    }

    private byte @Nullable [] encode(String name, Edit edit) {
        if (edit.value == null || edit.local) {
            return null;
        }
        if (edit.bytes != null && !edit.mayStillChange) {
            return edit.bytes;
        }
        try {
            byte[] now = codec.encodeWhileItChanges(edit.value);
            int growth = edit.bytes == null ? 0 : now.length - edit.bytes.length;
            String objection = growth <= 0 ? null : rules.objectionTo(now.length, size + growth);
            if (objection == null) {
                size += growth;
                return now;
            }
            rules.outgrown(key, name, edit.value, objection);
        } catch (IOException e) {
            if (edit.bytes == null) {
                rules.staysHere(key, name, edit.value, e);
            }
            unsure.add(name);
        }
        // What it was when it was set is stored at least.
        return edit.bytes;
    }

    /** Returns the digest of what an attribute was serialised to; null for one that cannot change. */
    byte @Nullable [] digestOf(String name) {
        return digests.get(name);
    }

    /** Tells whether an attribute could not be serialised as it was now, so that it may be another than is stored. */
    boolean isUnsure(String name) {
        return unsure.contains(name);
    }
}
