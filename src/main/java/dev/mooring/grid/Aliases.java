package dev.mooring.grid;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.map.IMap;
import dev.mooring.model.SessionKey;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** The names under which renamed sessions are found: the part of a {@link SessionMap} that is the same on every kind of node. */
final class Aliases {

    private final IMap<String, String> names;
    private final StoreCalls calls;

    Aliases(HazelcastInstance hazelcast, GridConfig config, StoreCalls calls) {
        this.names = hazelcast.getMap(Grid.aliasMap(config));
        this.calls = calls;
    }

    /** See {@link SessionMap#resolve}. */
    Optional<SessionKey> resolve(SessionKey id) {
        String name = calls.await("session " + id, () -> names.getAsync(id.path()));
        return Optional.ofNullable(name).map(id::named);
    }

    /** See {@link SessionMap#alias}. */
    void put(SessionKey id, SessionKey key, long lifeMs) {
        calls.await("session " + key, () -> names.setAsync(id.path(), key.name(), lifeMs, TimeUnit.MILLISECONDS));
    }

    /** See {@link SessionMap#dropAlias}. */
    void drop(SessionKey id) {
        calls.await("session " + id, () -> names.deleteAsync(id.path()));
    }
}
