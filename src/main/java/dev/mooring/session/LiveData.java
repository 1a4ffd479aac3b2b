package dev.mooring.session;

import dev.mooring.model.Attribute;
import dev.mooring.model.Change;
import dev.mooring.model.Notice;
import dev.mooring.model.SessionKey;
import dev.mooring.model.SessionRecord;
import dev.mooring.model.Stamp;
import dev.mooring.model.Times;
import java.io.IOException;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
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

    /** What is to be stored, as it was at one moment. */
    static final class Pending {
        private final Map<String, Edit> edits = new LinkedHashMap<>();
        private boolean create;
        private @Nullable String id;
        private @Nullable Long maxInactiveMs;
        private long maxInactiveEdit;
        private Times times = new Times(0, 0, 0, 0, 0);

        private record Edit(
                long number, @Nullable Object value, byte @Nullable [] bytes, boolean local, boolean stored) {}

        /** Returns what to tell the other holders of it. */
        Notice.Kind kind() {
            return maxInactiveMs == null ? Notice.Kind.CHANGED : Notice.Kind.LIMITED;
        }

        /** Makes the change that stores this; serialises outside of any lock. Values that cannot be stored stay here. */
        Change.Delta toDelta(String node, long load, long operation, Set<String> gone, LiveData data) {
            Map<String, byte[]> set = new HashMap<>();
            Set<String> removed = new HashSet<>();
            edits.forEach((name, edit) -> {
                byte[] bytes = edit.local || edit.value == null ? null : edit.bytes;
                if (bytes == null && edit.value != null && !edit.local) {
                    bytes = data.tryEncode(name, edit.value);
                }
                if (bytes != null) {
                    set.put(name, bytes);
                } else if (edit.stored) {
                    removed.add(name);
                }
            });
            return new Change.Delta(node, load, operation, create, times, id, maxInactiveMs, set, removed, gone);
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

    private long edits;
    private long maxInactiveEdit;
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

    /** Tells whether a view has every value that this copy lacks: after a merge of a split cluster its version may not tell. */
    boolean isCompletedBy(SessionRecord view) {
        return view.attributes().entrySet().stream().allMatch(entry -> {
            Slot slot = slots.get(entry.getKey());
            return entry.getValue().bytes() != null
                    || slot != null
                            && (slot.edit != 0 || entry.getValue().stamp().equals(slot.stamp));
        });
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

    /** Returns what is to be stored, or null if there is nothing. */
    @Nullable
    Pending pending() {
        return pending(false);
    }

    /** As {@link #pending()}; with {@code anyway}, what is returned may be no more than a new version. */
    @Nullable
    Pending pending(boolean anyway) {
        Pending pending = new Pending();
        slots.forEach((name, slot) -> {
            if (slot.edit != 0) {
                pending.edits.put(
                        name, new Pending.Edit(slot.edit, slot.value, slot.bytes, slot.local, slot.stamp != null));
            }
        });
        if (!anyway && stored && pending.edits.isEmpty() && maxInactiveEdit == 0 && newId == null) {
            return null;
        }
        pending.create = !stored;
        pending.id = stored ? newId : getId();
        pending.maxInactiveMs = stored && maxInactiveEdit == 0 ? null : (Long) getMaxInactiveMs();
        pending.maxInactiveEdit = maxInactiveEdit;
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
            boolean inRecord = delta.set().containsKey(name);
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
            }
        });
        if (pending.maxInactiveEdit == maxInactiveEdit) {
            maxInactiveEdit = 0;
        }
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

    /** It is not known whether the record has what was pending: forget it, and read the record again. */
    void discard(Pending pending) {
        if (!stored) {
            return;
        }
        pending.edits.forEach((name, edit) -> {
            Slot slot = slots.get(name);
            if (slot != null && slot.edit == edit.number) {
                slots.remove(name);
            }
        });
        if (pending.maxInactiveEdit == maxInactiveEdit) {
            maxInactiveEdit = 0;
        }
        newId = null;
        version = 0;
        epoch = 0;
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
            slot.bytes = mayStillChange && !AttributeCodec.isImmutable(value) ? null : encoded.bytes();
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

    private byte @Nullable [] tryEncode(String name, Object value) {
        try {
            return codec.encode(value);
        } catch (IOException | RuntimeException e) {
            rules.staysHere(key, name, value, e);
            return null;
        }
    }

    private @Nullable Object read(String name, Slot slot) {
        byte[] bytes = slot.bytes;
        if (slot.value == null && bytes != null && !slot.unreadable) {
            try {
                slot.value = codec.decode(bytes);
            } catch (IOException | ClassNotFoundException e) {
                slot.unreadable = true;
                rules.notReadable(key, name, e);
            }
            slot.bytes = null;
        }
        return slot.value;
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
