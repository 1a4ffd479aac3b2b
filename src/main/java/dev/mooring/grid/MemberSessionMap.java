package dev.mooring.grid;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.map.IMap;
import dev.mooring.model.Change;
import dev.mooring.model.Outcome;
import dev.mooring.model.SessionKey;
import dev.mooring.model.SessionRecord;
import java.time.Duration;
import java.util.Collection;
import java.util.Optional;

/**
 * The session map as a member of the cluster sees it: a change runs as an entry processor where the record is, so only the
 * change and its answer travel.
 */
final class MemberSessionMap implements SessionMap {

    private final IMap<String, SessionRecord> records;
    private final StoreCalls calls;
    private final Aliases aliases;
    private final long slackMs;

    MemberSessionMap(HazelcastInstance hazelcast, GridConfig config, Duration slack) {
        records = hazelcast.getMap(config.mapName());
        calls = new StoreCalls(config.clusterName());
        aliases = new Aliases(hazelcast, config, calls);
        slackMs = slack.toMillis();
    }

    @Override
    public Outcome apply(SessionKey key, Change change) {
        return calls.await("session " + key, () -> records.submitToKey(key.path(), new ApplyChange(change, slackMs)));
    }

    @Override
    public Optional<SessionKey> resolve(SessionKey id) {
        return aliases.resolve(id);
    }

    @Override
    public void alias(SessionKey id, SessionKey key, long lifeMs) {
        aliases.put(id, key, lifeMs);
    }

    @Override
    public void dropAlias(SessionKey id) {
        aliases.drop(id);
    }

    @Override
    public Collection<SessionKey> leftOver(String scope, long dueBefore) {
        return calls.get("sessions of " + scope, () -> records.keySet(new LeftOver(scope, dueBefore))).stream()
                .map(path -> SessionKey.ofPath(scope, path))
                .toList();
    }
}
