package dev.mooring.session;

import dev.mooring.model.Attribute;
import dev.mooring.model.Change;
import dev.mooring.model.Notice;
import dev.mooring.model.SessionKey;
import dev.mooring.model.SessionRecord;
import dev.mooring.model.Stamp;
import dev.mooring.model.Times;
import java.io.IOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import org.eclipse.jetty.session.SessionData;
import org.jspecify.annotations.Nullable;

/**
 * This node's copy of a session's record, and what was changed here and is not stored yet. Changed in place when the record
 * moves on: an attribute that did not change keeps its object.
 *
 * <p>Guarded by the session's lock; what is volatile is written under it and read without.
 */
final class LiveData extends SessionData {

    private static final long serialVersionUID = 1L;

    /** One attribute of the copy. */
    private static final class Slot {
        /** The value; null if it was removed here, or is still to be read from {@link #bytes}. */
        @Nullable
        Object value;

        /** What {@link #value} is read from, or what it was serialised to when it was set; dropped when no longer needed. */
        byte @Nullable [] bytes;

        /** Of the write that the record holds; null if the record has no such attribute. */
        @Nullable
        Stamp stamp;

        /** The number of the change that is not stored yet; 0 for none. */
        long edit;

        /** {@link #bytes} are those of the moment at which the value was set; it may change until it is stored. */
        boolean mayStillChange;

        /** SHA-256 of what the value was serialised to when it was read or stored last; null for one that cannot change. */
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

    /** What is to be stored, as it was at one moment. */
    static final class Pending {
        private final Map<String, Edit> edits = new LinkedHashMap<>();
        private final Map<String, byte[]> digests = new HashMap<>();
        private final Set<String> unsure = new HashSet<>();
        private boolean create;

        /** How many bytes all attributes take together. */
        private long size;

        private @Nullable String id;
        private @Nullable Long maxInactiveMs;
        private long maxInactiveEdit;
        private long logoutEdit;
        private Times times = new Times(0, 0, 0, 0, 0);

        private record Edit(
                long number,
                @Nullable Object value,
                byte @Nullable [] bytes,
                boolean mayStillChange,
                boolean local,
                boolean stored) {}

        /** Returns what to tell the other holders of it. */
        Notice.Kind kind() {
            if (logoutEdit != 0) {
                return Notice.Kind.LOGGED_OUT;
            }
            return maxInactiveMs == null ? Notice.Kind.CHANGED : Notice.Kind.LIMITED;
        }

        /** Makes the change that stores this; serialises outside of any lock. Values that cannot be stored stay here. */
        Change.Delta toDelta(String node, long load, long operation, Set<String> gone, LiveData data) {
            Map<String, byte[]> set = new HashMap<>();
            Set<String> removed = new HashSet<>();
            edits.forEach((name, edit) -> {
                byte[] bytes = encode(name, edit, data);
                if (bytes != null) {
                    set.put(name, bytes);
                    if (edit.value != null && !Immutables.contain(edit.value)) {
                        digests.put(name, digest(bytes));
                    }
                } else if (edit.stored) {
                    removed.add(name);
                }
            });
            return new Change.Delta(node, load, operation, create, times, id, maxInactiveMs, set, removed, gone);
        }

        private byte @Nullable [] encode(String name, Edit edit, LiveData data) {
            if (edit.value == null || edit.local) {
                return null;
            }
            if (edit.bytes != null && !edit.mayStillChange) {
                return edit.bytes;
            }
            try {
                byte[] now = data.codec.encodeWhileItChanges(edit.value);
                int growth = edit.bytes == null ? 0 : now.length - edit.bytes.length;
                String objection = growth <= 0 ? null : data.rules.objectionTo(now.length, size + growth);
                if (objection == null) {
                    size += growth;
                    return now;
                }
                data.rules.outgrown(data.key, name, edit.value, objection);
            } catch (IOException e) {
                if (edit.bytes == null) {
                    data.rules.staysHere(data.key, name, edit.value, e);
                }
                unsure.add(name);
            }
            // What it was when it was set is stored at least.
            return edit.bytes;
        }
    }

    private final SessionKey key;
    private final transient Heard heard;
    private final transient AttributeCodec codec;
    private final transient AttributeRules rules;
    private final transient Map<String, Slot> slots = new ConcurrentHashMap<>();

    /** The version of the record that this copy has; 0 to read all of it again. Written under the session's lock. */
    private volatile long version;

    /** The lease's epoch in which this copy was seen to be current. Written under the session's lock. */
    private volatile long epoch;

    /** When the session was in use last, in cluster time. Only grows; a lost race loses a millisecond. */
    private volatile long used;

    /** Whether the record exists. Written under the session's lock. */
    private volatile boolean stored;

    /** Whether there may be a value that could not be serialised when it was looked at last. Written under the session's lock. */
    private volatile boolean unsure;

    private long edits;
    private long maxInactiveEdit;

    /** The number of the change by which the user has logged out here, until that is stored; 0 for none. */
    private long logoutEdit;

    private @Nullable String newId;

    /** Starts a session that the cluster does not know yet. */
    LiveData(
            SessionKey key,
            String contextPath,
            String virtualHost,
            long now,
            long maxInactiveMs,
            Heard heard,
            AttributeCodec codec,
            AttributeRules rules) {
        super(key.name(), contextPath, virtualHost, now, now, now, maxInactiveMs);
        this.key = key;
        this.heard = heard;
        this.codec = codec;
        this.rules = rules;
        this.used = now;
    }

    SessionKey key() {
        return key;
    }

    Heard heard() {
        return heard;
    }

    long version() {
        return version;
    }

    boolean stored() {
        return stored;
    }

    /** Tells whether the copy may be read without asking, in the epoch of a lease or while it has lapsed. Needs no lock. */
    boolean isCurrent(long leaseEpoch) {
        return !stored || (leaseEpoch > 0 && epoch == leaseEpoch && heard.version() <= version && heard.end() == null);
    }

    /** From here on the copy is not to be read before the record was asked. */
    void doubt() {
        epoch = 0;
    }

    /** Tells whether a value stays on this node, and would be lost with this copy. */
    boolean hasLocal() {
        return slots.values().stream().anyMatch(slot -> slot.local);
    }

    /**
     * Tells whether a view has every value that this copy lacks. Its version may not tell: after a merge of a split cluster, or
     * where this copy was read from a member that died before its backups had the same.
     */
    boolean isCompletedBy(SessionRecord view) {
        return view.version() >= version
                && view.attributes().entrySet().stream().allMatch(entry -> {
                    Slot slot = slots.get(entry.getKey());
                    return entry.getValue().bytes() != null
                            || slot != null
                                    && (slot.edit != 0
                                            || entry.getValue().stamp().equals(slot.stamp));
                });
    }

    /** The record is not one that this copy has led to: it is to be read as a whole. */
    void forgetVersion() {
        version = 0;
        epoch = 0;
    }

    /** Takes over the record as it was read in the given epoch; what was changed here and is not stored stays. */
    void adopt(SessionRecord record, long readIn) {
        if (stored && record.version() < version) {
            return;
        }
        record.attributes().forEach(this::adopt);
        slots.entrySet()
                .removeIf(entry -> entry.getValue().edit == 0
                        && !entry.getValue().local
                        && !record.attributes().containsKey(entry.getKey()));
        slots.forEach((name, slot) -> {
            if (!record.attributes().containsKey(name)) {
                slot.stamp = null;
            }
        });
        if (newId == null) {
            super.setId(record.id());
        }
        if (maxInactiveEdit == 0) {
            super.setMaxInactiveMs(record.maxInactiveMs());
        }
        adopt(record.times());
        stored = true;
        setLastSaved(record.times().created());
        version = record.version();
        epoch = readIn;
    }

    private void adopt(Times times) {
        setCreated(times.created());
        setAccessed(Math.max(getAccessed(), times.accessed()));
        setLastAccessed(Math.max(getLastAccessed(), times.lastAccessed()));
        setCookieSet(Math.max(getCookieSet(), times.cookieSet()));
        usedAt(times.used());
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

    /** Tells whether the user of the session is logged in, as far as Jetty keeps that in the session. */
    boolean isLoggedIn() {
        return Login.ATTRIBUTES.stream().anyMatch(name -> {
            Slot slot = slots.get(name);
            return slot != null && !slot.removed();
        });
    }

    /** Returns what is to be stored, or null if there is nothing. A logout may be no more than a new version. */
    @Nullable
    Pending pending() {
        Pending pending = new Pending();
        slots.forEach((name, slot) -> {
            if (slot.edit != 0) {
                pending.edits.put(
                        name,
                        new Pending.Edit(
                                slot.edit,
                                slot.value,
                                slot.bytes,
                                slot.mayStillChange,
                                slot.local,
                                slot.stamp != null));
            }
        });
        if (stored && pending.edits.isEmpty() && maxInactiveEdit == 0 && logoutEdit == 0 && newId == null) {
            return null;
        }
        pending.create = !stored;
        pending.size = slots.values().stream().mapToLong(slot -> slot.size).sum();
        pending.id = stored ? newId : getId();
        pending.maxInactiveMs = stored && maxInactiveEdit == 0 ? null : (Long) getMaxInactiveMs();
        pending.maxInactiveEdit = maxInactiveEdit;
        pending.logoutEdit = logoutEdit;
        pending.times = times();
        return pending;
    }

    /** The record has what was pending; {@code base} is the version that it met. */
    void stored(Pending pending, Change.Delta delta, long base, long newVersion, long readIn) {
        Stamp stamp = new Stamp(newVersion, delta.node());
        pending.edits.forEach((name, edit) -> {
            Slot slot = slots.get(name);
            if (slot == null) {
                return;
            }
            byte[] inRecordNow = delta.set().get(name);
            boolean inRecord = inRecordNow != null;
            slot.stamp = inRecord ? stamp : null;
            if (slot.edit != edit.number) {
                return;
            }
            slot.edit = 0;
            slot.bytes = null;
            if (slot.value == null) {
                slots.remove(name);
            } else {
                slot.local = !inRecord;
                slot.size = inRecordNow == null ? 0 : inRecordNow.length;
                slot.digest = pending.digests.get(name);
                slot.unsure = inRecord && pending.unsure.contains(name);
                unsure |= slot.unsure;
            }
        });
        forgetEdits(pending);
        if (pending.id != null) {
            super.setId(pending.id);
            newId = Objects.equals(pending.id, newId) ? null : newId;
        }
        if (!stored) {
            stored = true;
            version = newVersion;
            epoch = readIn;
        } else if (base == version) {
            version = newVersion;
        }
        heard.changed(newVersion);
        setLastSaved(Math.max(getLastSaved(), getCreated()));
        clean();
    }

    /**
     * It is not known whether the record has what was pending: forget it, and read the record again. What is to be the record's
     * first state is kept.
     *
     * @return whether anything was forgotten
     */
    boolean discard(Pending pending) {
        if (!stored) {
            return false;
        }
        pending.edits.forEach((name, edit) -> {
            Slot slot = slots.get(name);
            if (slot != null && slot.edit == edit.number) {
                slots.remove(name);
            }
        });
        forgetEdits(pending);
        newId = null;
        version = 0;
        epoch = 0;
        return true;
    }

    private void forgetEdits(Pending pending) {
        if (pending.maxInactiveEdit == maxInactiveEdit) {
            maxInactiveEdit = 0;
        }
        if (pending.logoutEdit == logoutEdit) {
            logoutEdit = 0;
        }
    }

    Times times() {
        return new Times(getCreated(), getAccessed(), getLastAccessed(), used, getCookieSet());
    }

    long used() {
        return used;
    }

    void usedAt(long when) {
        if (when > used) {
            used = when;
        }
    }

    /** Returns when the session expires unless it is used again: cluster time, or the end of time. */
    long deadline() {
        return getMaxInactiveMs() <= 0 ? Long.MAX_VALUE : used + getMaxInactiveMs();
    }

    /** Asks for another id with the next change that is stored. */
    void renameTo(String id) {
        newId = id;
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

    /** Returns which of these, and of those that nobody could tell of before, may have changed since they were stored. */
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
    boolean isUnsure() {
        return unsure;
    }

    private static byte[] digest(byte[] bytes) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(bytes);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    @Override
    public @Nullable Object getAttribute(String name) {
        Slot slot = slots.get(name);
        return slot == null ? null : read(name, slot);
    }

    @Override
    public @Nullable Object setAttribute(String name, @Nullable Object value) {
        Slot slot = slots.get(name);
        Object old = slot == null ? null : read(name, slot);
        if (Login.isEndedBy(name, value)) {
            logoutEdit = ++edits;
        }
        if (value == null && slot == null) {
            return null;
        }
        Slot next = new Slot();
        next.value = value;
        next.stamp = slot == null ? null : slot.stamp;
        next.edit = ++edits;
        slots.put(name, next);
        setDirty(true);
        return old;
    }

    /** Returns a snapshot of the names of what can be read here. */
    @Override
    public Set<String> getKeys() {
        Set<String> names = new HashSet<>();
        slots.forEach((name, slot) -> {
            if (read(name, slot) != null) {
                names.add(name);
            }
        });
        return names;
    }

    @Override
    public Map<String, Object> getAllAttributes() {
        Map<String, Object> values = new HashMap<>();
        for (String name : getKeys()) {
            Object value = getAttribute(name);
            if (value != null) {
                values.put(name, value);
            }
        }
        return Collections.unmodifiableMap(values);
    }

    @Override
    public void putAllAttributes(Map<String, Object> attributes) {
        attributes.forEach(this::setAttribute);
    }

    @Override
    public void clearAllAttributes() {
        getKeys().forEach(name -> setAttribute(name, null));
    }

    /** Visits the values that have been read here; the others stay bytes. */
    Map<String, Object> materialised() {
        Map<String, Object> values = new HashMap<>();
        slots.forEach((name, slot) -> {
            if (slot.value != null) {
                values.put(name, slot.value);
            }
        });
        return values;
    }

    @Override
    public void setMaxInactiveMs(long maxInactiveMs) {
        super.setMaxInactiveMs(maxInactiveMs);
        maxInactiveEdit = ++edits;
    }

    @Override
    public boolean isDirty() {
        return pending() != null;
    }

    @Override
    public long getExpiry() {
        long deadline = deadline();
        return deadline == Long.MAX_VALUE ? 0 : deadline;
    }

    @Override
    public boolean isExpiredAt(long time) {
        return deadline() <= time;
    }

    @Override
    public String toString() {
        return "session " + key + ", version " + version;
    }
}
