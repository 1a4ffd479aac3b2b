package dev.mooring.session;

import dev.mooring.grid.Grid;
import dev.mooring.model.Attribute;
import dev.mooring.model.Change;
import dev.mooring.model.EndCause;
import dev.mooring.model.Notice;
import dev.mooring.model.Outcome;
import dev.mooring.model.SessionKey;
import dev.mooring.model.SessionRecord;
import dev.mooring.model.Times;
import java.io.IOException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.eclipse.jetty.session.AbstractSessionDataStore;
import org.eclipse.jetty.session.SessionContext;
import org.eclipse.jetty.session.SessionData;
import org.eclipse.jetty.session.UnreadableSessionDataException;
import org.eclipse.jetty.session.UnwriteableSessionDataException;
import org.jspecify.annotations.Nullable;

/**
 * The sessions of one web application as Jetty's SPI sees a store: whole sessions, one at a time, by id. It is a view
 * of the same records that {@link LiveSessionCache} works on by itself, for another cache or a tool. What it writes,
 * the nodes that hold the session hear of; it holds none itself.
 *
 * <p>Thread-safe. Everything blocks for a round trip or two, and throws {@code StoreUnavailableException} when the
 * cluster does not answer.
 */
public final class GridSessionDataStore extends AbstractSessionDataStore {

    private final Grid grid;
    private final SessionPolicy policy;
    private @Nullable String scope;
    private @Nullable AttributeCodec codec;

    /** A session and where it is. */
    private record Found(SessionKey key, SessionRecord record) {}

    /**
     * Makes the store of one web application.
     *
     * @param grid this node's part in the cluster
     * @param policy what the properties say
     */
    public GridSessionDataStore(Grid grid, SessionPolicy policy) {
        this.grid = grid;
        this.policy = policy;
    }

    @Override
    public void initialize(SessionContext context) throws Exception {
        super.initialize(context);
        scope = SessionKey.scope(context.getVhost(), context.getCanonicalContextPath());
        codec = new AttributeCodec(context, policy.attributeFilter());
    }

    /** What is loaded is another object than what was stored. */
    @Override
    public boolean isPassivating() {
        return true;
    }

    @Override
    public boolean doExists(String id) {
        return find(id).filter(found -> found.record().deadline() > grid.clusterTime())
                .isPresent();
    }

    /**
     * Loads a session, also one that is due.
     *
     * @return null if there is none
     * @throws UnreadableSessionDataException if one of its attributes cannot be read on this node
     */
    @Override
    public @Nullable SessionData doLoad(String id) throws UnreadableSessionDataException {
        Optional<Found> found = find(id);
        return found.isEmpty() ? null : read(id, found.get().record());
    }

    private SessionData read(String id, SessionRecord record) throws UnreadableSessionDataException {
        Times times = record.times();
        SessionData data =
                newSessionData(id, times.created(), times.accessed(), times.lastAccessed(), record.maxInactiveMs());
        data.setCookieSet(times.cookieSet());
        data.setExpiry(record.deadline() == Long.MAX_VALUE ? 0 : record.deadline());
        data.setLastSaved(times.used());
        Map<String, Object> values = new HashMap<>();
        try {
            for (Map.Entry<String, Attribute> entry : record.attributes().entrySet()) {
                byte[] bytes = Objects.requireNonNull(entry.getValue().bytes(), "came without its value");
                values.put(entry.getKey(), codec().decode(bytes));
            }
        } catch (IOException e) {
            throw new UnreadableSessionDataException(SessionKey.shorten(id), _context, e);
        }
        data.putAllAttributes(values);
        return data;
    }

    /**
     * Stores a session as it is, whatever was stored meanwhile.
     *
     * @throws UnwriteableSessionDataException if one of its attributes cannot be serialised, or the session has ended
     */
    @Override
    public void doStore(String id, SessionData data, long lastSaveTime) throws UnwriteableSessionDataException {
        Map<String, byte[]> values = write(id, data);
        Optional<Found> found = find(id);
        Outcome outcome = apply(id, data, values, found);
        if (outcome.result() == Outcome.Result.EXISTS) {
            // Another node was first.
            found = find(id);
            outcome = apply(id, data, values, found);
        }
        if (!outcome.applied()) {
            throw new UnwriteableSessionDataException(
                    SessionKey.shorten(id), _context, new IllegalStateException("the session has ended"));
        }
        SessionKey key = found.map(Found::key).orElse(new SessionKey(scope(), id));
        grid.inbox().tell(outcome.holders(), Notice.Kind.CHANGED, key, outcome.version());
    }

    private Map<String, byte[]> write(String id, SessionData data) throws UnwriteableSessionDataException {
        Map<String, byte[]> values = new HashMap<>();
        try {
            for (Map.Entry<String, Object> entry : data.getAllAttributes().entrySet()) {
                values.put(entry.getKey(), codec().encode(entry.getValue()));
            }
        } catch (IOException e) {
            throw new UnwriteableSessionDataException(SessionKey.shorten(id), _context, e);
        }
        return values;
    }

    private Outcome apply(String id, SessionData data, Map<String, byte[]> values, Optional<Found> found) {
        Map<String, byte[]> changed = new HashMap<>(values);
        Set<String> removed = new HashSet<>();
        found.ifPresent(now -> now.record().attributes().forEach((name, attribute) -> {
            if (!values.containsKey(name)) {
                removed.add(name);
            } else if (Arrays.equals(values.get(name), attribute.bytes())) {
                changed.remove(name);
            }
        }));
        long maxInactiveMs = data.getMaxInactiveMs();
        boolean sameLife = found.filter(now -> now.record().maxInactiveMs() == maxInactiveMs)
                .isPresent();
        long used = data.getExpiry() > 0 && maxInactiveMs > 0 ? data.getExpiry() - maxInactiveMs : data.getAccessed();
        // A writer is a holder; this one lets go of the session with the same change.
        String writer = grid.node() + "-store";
        Change change = new Change.Delta(
                writer,
                grid.nextLoad(),
                1,
                found.isEmpty(),
                new Times(data.getCreated(), data.getAccessed(), data.getLastAccessed(), used, data.getCookieSet()),
                found.isEmpty() ? id : null,
                sameLife ? null : (Long) maxInactiveMs,
                changed,
                removed,
                Set.of(writer));
        return grid.sessions().apply(found.map(Found::key).orElse(new SessionKey(scope(), id)), change);
    }

    /** Ends a session; the nodes that hold it are told. Whoever calls this runs the listeners. */
    @Override
    public boolean delete(String id) {
        return find(id).filter(found -> end(found, EndCause.INVALIDATED)).isPresent();
    }

    private boolean end(Found found, EndCause cause) {
        SessionKey key = found.key();
        String node = grid.node();
        Outcome outcome = grid.sessions()
                .apply(
                        key,
                        new Change.Claim(
                                node,
                                cause,
                                null,
                                Set.of(),
                                found.record().times(),
                                found.record().version()));
        if (!outcome.applied()) {
            return false;
        }
        grid.inbox().tell(outcome.holders(), Notice.Kind.of(cause), key, outcome.version());
        grid.sessions().apply(key, new Change.End(node));
        String id = found.record().id();
        if (!id.equals(key.name())) {
            grid.aliases().drop(key.named(id));
        }
        return true;
    }

    /** Returns which of these are due, or are no more. */
    @Override
    public Set<String> doCheckExpired(Set<String> candidates, long time) {
        return candidates.stream()
                .filter(id -> find(id).filter(found -> found.record().deadline() > time)
                        .isEmpty())
                .collect(Collectors.toSet());
    }

    /** Returns all sessions of this web application that were due by then. */
    @Override
    public Set<String> doGetExpired(long before) {
        return grid.sessions().leftOver(scope(), before, true).stream()
                .flatMap(key -> look(key).stream())
                .map(found -> found.record().id())
                .collect(Collectors.toSet());
    }

    /** Ends what was due so long ago in this web application. What others have left behind goes by its time to live. */
    @Override
    public void doCleanOrphans(long time) {
        grid.sessions().leftOver(scope(), time, true).stream()
                .flatMap(key -> look(key).stream())
                .forEach(found -> end(found, EndCause.EXPIRED));
    }

    private Optional<Found> find(String id) {
        SessionKey key = new SessionKey(scope(), id);
        return look(key)
                .or(() -> grid.aliases().resolve(key).flatMap(this::look))
                .filter(found -> found.record().id().equals(id));
    }

    private Optional<Found> look(SessionKey key) {
        Outcome outcome = grid.sessions().apply(key, new Change.Look());
        return outcome.applied() ? Optional.of(new Found(key, outcome.requireView())) : Optional.empty();
    }

    private String scope() {
        return Objects.requireNonNull(scope, "not initialized");
    }

    private AttributeCodec codec() {
        return Objects.requireNonNull(codec, "not initialized");
    }
}
