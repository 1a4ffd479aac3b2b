package dev.mooring.session;

import dev.mooring.model.Attribute;
import dev.mooring.model.SessionKey;
import dev.mooring.model.Stamp;
import java.io.IOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The attributes of this node's copy of a session: values, or the bytes that they are read from when somebody asks for
 * them, and what was set, or changed in place, and is not stored yet.
 *
 * <p>Guarded by the session's lock, under which no value's own code runs, but where Jetty itself asks for a value under
 * it; what says that it needs no lock may be called without.
 */
final class LiveAttributes {

    /** One attribute of the copy. */
    private static final class Slot {
        /** The value; null if it was removed here, or is still to be read from {@link #bytes}. */
        @Nullable
        Object value;

        /**
         * What {@link #value} is read from, or what it was serialised to when it was set; dropped when no longer
         * needed.
         */
        byte @Nullable [] bytes;

        /** Of the write that the record holds; null if the record has no such attribute. */
        @Nullable
        Stamp stamp;

        /** The number of the change that is not stored yet; 0 for none. */
        long edit;

        /** {@link #bytes} are those of the moment at which the value was set; it may change until it is stored. */
        boolean mayStillChange;

        /**
         * SHA-256 of what the value was serialised to when it was read or stored last; null for one that cannot change.
         */
        byte @Nullable [] digest;

        /** The value could not be serialised when it was looked at last, so it may have changed. */
        boolean unsure;

        /** Serialised length; 0 for what stays here. */
        int size;

        /** It cannot be serialised and stays on this node. */
        boolean local;

        /** It cannot be read here, and is as good as absent. */
        boolean unreadable;

        boolean removed() {
            return edit != 0 && value == null && bytes == null;
        }
    }

    /** A value that is still bytes, and is read from them outside of the lock. */
    static final class Unread {
        private final String name;
        private final Slot slot;
        private final byte[] bytes;
        private @Nullable Object value;
        private byte @Nullable [] digest;
        private @Nullable IOException failure;

        private Unread(String name, Slot slot, byte[] bytes) {
            this.name = name;
            this.slot = slot;
            this.bytes = bytes;
        }
    }

    /** A value that may have been changed in place. */
    static final class Suspect {
        private final Slot slot;
        final String name;
        final Object value;

        private Suspect(String name, Slot slot, Object value) {
            this.name = name;
            this.slot = slot;
            this.value = value;
        }
    }

    private final SessionKey key;
    private final AttributeCodec codec;
    private final AttributeRules rules;
    private final Map<String, Slot> slots = new ConcurrentHashMap<>();

    /** Counts the changes that are made here. */
    private long edits;

    /**
     * Whether there may be a value that could not be serialised when it was looked at last. Written under the session's
     * lock.
     */
    private volatile boolean unsure;

    LiveAttributes(SessionKey key, AttributeCodec codec, AttributeRules rules) {
        this.key = key;
        this.codec = codec;
        this.rules = rules;
    }

    @Nullable
    Object get(String name) {
        Slot slot = slots.get(name);
        return slot == null ? null : read(name, slot);
    }

    /** Sets a value, or removes it. Returns the one that was there before, or null. */
    @Nullable
    Object set(String name, @Nullable Object value) {
        Slot slot = slots.get(name);
        Object old = slot == null ? null : read(name, slot);
        if (value == null && slot == null) {
            return null;
        }
        Slot next = new Slot();
        next.value = value;
        next.stamp = slot == null ? null : slot.stamp;
        next.edit = ++edits;
        slots.put(name, next);
        return old;
    }

    /** Returns a snapshot of the names of what can be read here; for that, it is. */
    Set<String> names() {
        Set<String> names = new HashSet<>();
        slots.forEach((name, slot) -> {
            if (read(name, slot) != null) {
                names.add(name);
            }
        });
        return names;
    }

    /** Returns the values that have been read here; the others stay bytes. */
    Map<String, Object> materialised() {
        Map<String, Object> values = new HashMap<>();
        slots.forEach((name, slot) -> {
            if (slot.value != null) {
                values.put(name, slot.value);
            }
        });
        return values;
    }

    /** Tells whether the user of the session is logged in, as far as Jetty keeps that in the session. */
    boolean areOfLogin() {
        return Login.ATTRIBUTES.stream().anyMatch(name -> {
            Slot slot = slots.get(name);
            return slot != null && !slot.removed();
        });
    }

    /** Tells whether a value stays on this node, and would be lost with this copy. */
    boolean hasLocal() {
        return slots.values().stream().anyMatch(slot -> slot.local);
    }

    /** Hands over the bytes to which a value was serialised when it was set, unless it has been replaced since. */
    void offer(String name, Object value, Encoded encoded, boolean mayStillChange) {
        Slot slot = slots.get(name);
        if (slot != null && slot.value == value && slot.edit != 0) {
            slot.local = encoded.bytes() == null;
            slot.size = encoded.size();
            slot.bytes = encoded.bytes();
            slot.mayStillChange = mayStillChange && !Immutables.contain(value);
        }
    }

    /** Returns how many attributes there would be with one of this name. */
    int countWith(String name) {
        return 1
                + (int) slots.entrySet().stream()
                        .filter(entry -> !entry.getKey().equals(name)
                                && !entry.getValue().removed())
                        .count();
    }

    /** Returns how many bytes all attributes would take if the one of this name took so many. */
    long sizeWith(String name, int size) {
        long sum = size;
        for (Map.Entry<String, Slot> entry : slots.entrySet()) {
            sum += entry.getKey().equals(name) ? 0 : entry.getValue().size;
        }
        return sum;
    }

    // ---- what the record has, and what it is to get

    /** Takes over what the record has; what was changed here and is not stored stays. */
    void adopt(Map<String, Attribute> record) {
        record.forEach(this::adopt);
        slots.entrySet()
                .removeIf(entry ->
                        entry.getValue().edit == 0 && !entry.getValue().local && !record.containsKey(entry.getKey()));
        slots.forEach((name, slot) -> {
            if (!record.containsKey(name)) {
                slot.stamp = null;
            }
        });
    }

    private void adopt(String name, Attribute attribute) {
        Slot slot = slots.get(name);
        if (slot != null && (slot.edit != 0 || attribute.stamp().equals(slot.stamp))) {
            slot.stamp = slot.edit == 0 ? slot.stamp : attribute.stamp();
            return;
        }
        byte[] bytes = attribute.bytes();
        if (bytes == null) {
            throw new IllegalStateException("session " + key + ": attribute " + name + " came without its value");
        }
        Slot read = new Slot();
        read.bytes = bytes;
        read.size = bytes.length;
        read.stamp = attribute.stamp();
        slots.put(name, read);
    }

    /** Tells whether a view of the record has every value that is not here. */
    boolean areCompletedBy(Map<String, Attribute> view) {
        return view.entrySet().stream().allMatch(entry -> {
            Slot slot = slots.get(entry.getKey());
            return entry.getValue().bytes() != null
                    || slot != null
                            && (slot.edit != 0 || entry.getValue().stamp().equals(slot.stamp));
        });
    }

    /** Returns what is to be stored; it may be nothing. */
    Edits pending() {
        Map<String, Edits.Edit> pending = new LinkedHashMap<>();
        slots.forEach((name, slot) -> {
            if (slot.edit != 0) {
                pending.put(
                        name,
                        new Edits.Edit(
                                slot.edit,
                                slot.value,
                                slot.bytes,
                                slot.mayStillChange,
                                slot.local,
                                slot.stamp != null));
            }
        });
        long size = pending.isEmpty()
                ? 0
                : slots.values().stream().mapToLong(slot -> slot.size).sum();
        return new Edits(key, codec, rules, pending, size);
    }

    /** The record has what was pending: these bytes, by this write. */
    void stored(Edits pending, Map<String, byte[]> set, Stamp stamp) {
        pending.byName().forEach((name, edit) -> {
            Slot slot = slots.get(name);
            if (slot == null) {
                return;
            }
            byte[] inRecordNow = set.get(name);
            boolean inRecord = inRecordNow != null;
            slot.stamp = inRecord ? stamp : null;
            if (slot.edit != edit.number()) {
                return;
            }
            slot.edit = 0;
            slot.bytes = null;
            if (slot.value == null) {
                slots.remove(name);
            } else {
                slot.local = !inRecord;
                slot.size = inRecordNow == null ? 0 : inRecordNow.length;
                slot.digest = pending.digestOf(name);
                slot.unsure = inRecord && pending.isUnsure(name);
                unsure |= slot.unsure;
            }
        });
    }

    /** Forgets what was pending, unless it has been changed again. */
    void discard(Edits pending) {
        pending.byName().forEach((name, edit) -> {
            Slot slot = slots.get(name);
            if (slot != null && slot.edit == edit.number()) {
                slots.remove(name);
            }
        });
    }

    // ---- values that are read when somebody asks for them

    /** Returns what is to be read before this attribute's value is at hand; null if it is, or there is none. */
    @Nullable
    Unread unread(String name) {
        Slot slot = slots.get(name);
        return slot == null || slot.value != null || slot.unreadable || slot.bytes == null
                ? null
                : new Unread(name, slot, slot.bytes);
    }

    /** Deserialises, and notes what the value is serialised to before anybody can change it. Needs no lock. */
    void read(Unread unread) {
        try {
            unread.value = codec.decode(unread.bytes);
            if (!Immutables.contain(unread.value)) {
                // Not of the bytes themselves: a map of the same content may be written in another order here.
                unread.digest = digest(codec.encode(unread.value));
            }
        } catch (IOException e) {
            if (unread.value == null) {
                unread.failure = e;
            }
        }
    }

    /** Takes over what was read. Returns the value if it is the one from now on, null if another thread was first. */
    @Nullable
    Object adopt(Unread unread) {
        Slot slot = unread.slot;
        if (slots.get(unread.name) != slot || slot.bytes != unread.bytes) {
            return null;
        }
        slot.value = unread.value;
        slot.digest = unread.digest;
        slot.bytes = null;
        if (unread.failure != null) {
            slot.unreadable = true;
            rules.notReadable(key, unread.name, unread.failure);
        }
        return slot.value;
    }

    private @Nullable Object read(String name, Slot slot) {
        Unread unread = unread(name);
        if (unread != null) {
            read(unread);
            adopt(unread);
        }
        return slot.value;
    }

    /** Returns the names of all values that are still bytes. */
    Set<String> unreadNames() {
        Set<String> names = new HashSet<>();
        slots.forEach((name, slot) -> {
            if (slot.value == null && slot.bytes != null && !slot.unreadable) {
                names.add(name);
            }
        });
        return names;
    }

    /** Returns the names of all values whose class may be told from their bytes to be one that the predicate wants. */
    Set<String> unreadNames(Predicate<byte[]> wanted) {
        Set<String> names = unreadNames();
        names.removeIf(name -> {
            Slot slot = slots.get(name);
            return slot == null || slot.bytes == null || !wanted.test(slot.bytes);
        });
        return names;
    }

    // ---- values that are changed in place

    /**
     * Returns which of these, and of those that nobody could tell of before, may have changed since they were stored.
     */
    List<Suspect> suspects(Set<String> touched) {
        List<Suspect> suspects = new ArrayList<>();
        for (String name : unsure ? slots.keySet() : touched) {
            Slot slot = slots.get(name);
            Object value = slot == null ? null : slot.value;
            if (slot != null
                    && value != null
                    && slot.edit == 0
                    && !slot.local
                    && (slot.unsure || touched.contains(name))
                    && !Immutables.contain(value)) {
                suspects.add(new Suspect(name, slot, value));
            }
        }
        unsure = false;
        return suspects;
    }

    /** Tells whether a suspect is another value now, and takes more bytes than before. */
    boolean hasGrown(Suspect suspect, byte[] bytes) {
        return bytes.length > suspect.slot.size && !Arrays.equals(suspect.slot.digest, digest(bytes));
    }

    /** A suspect is serialised to these bytes now: it is to be stored if they are not what they were. */
    void compare(Suspect suspect, byte[] bytes) {
        Slot slot = suspect.slot;
        slot.unsure = false;
        if (slots.get(suspect.name) == slot && slot.edit == 0 && !Arrays.equals(slot.digest, digest(bytes))) {
            slot.edit = ++edits;
            slot.bytes = bytes;
            slot.mayStillChange = false;
        }
    }

    /** A suspect could not be serialised now: it stays one, or is let go until it is touched again. */
    void keepUnsure(Suspect suspect, boolean keep) {
        suspect.slot.unsure = keep;
        unsure |= keep;
    }

    /** Tells whether there is something to be looked at again. Needs no lock. */
    boolean areUnsure() {
        return unsure;
    }

    static byte[] digest(byte[] bytes) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(bytes);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
