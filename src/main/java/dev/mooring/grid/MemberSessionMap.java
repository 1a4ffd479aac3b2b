package dev.mooring.grid;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.map.IMap;
import dev.mooring.model.Change;
import dev.mooring.model.Outcome;
import dev.mooring.model.SessionKey;
import dev.mooring.model.SessionRecord;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The session map as a member of the cluster sees it: a change runs as an entry processor where the record is, so only the
 * change and its answer travel.
 */
final class MemberSessionMap implements SessionMap {

    private final IMap<String, SessionRecord> records;
    private final StoreCalls calls;
    private final long slackMs;

    MemberSessionMap(HazelcastInstance hazelcast, GridConfig config, StoreCalls calls, Duration slack) {
        records = hazelcast.getMap(config.mapName());
        this.calls = calls;
        slackMs = slack.toMillis();
    }

    @Override
    public Outcome apply(SessionKey key, Change change) {
        AtomicInteger runs = new AtomicInteger();
        return calls.await(
                "session " + key,
                () -> records.submitToKey(key.path(), new ApplyChange(change, slackMs, runs.getAndIncrement() > 0)));
    }

    @Override
    public Map<SessionKey, Outcome> applyAll(Map<SessionKey, Change> changes) {
        if (changes.isEmpty()) {
            return Map.of();
        }
        Map<String, Change> byPath = new HashMap<>();
        changes.forEach((key, change) -> byPath.put(key.path(), change));
        AtomicInteger runs = new AtomicInteger();
        Map<String, Outcome> outcomes = calls.await(
                changes.size() + " sessions",
                () -> records.submitToKeys(
                        byPath.keySet(), new ApplyChanges(byPath, slackMs, runs.getAndIncrement() > 0)));
        Map<SessionKey, Outcome> byKey = new HashMap<>();
        changes.keySet().forEach(key -> byKey.put(key, outcomes.get(key.path())));
        return byKey;
    }

    @Override
    public boolean removeDamaged(SessionKey key) {
        return calls.removeDamaged(records, key);
    }

    @Override
    public Collection<SessionKey> leftOver(String scope, long dueBefore) {
        return calls.get("sessions of " + scope, () -> records.keySet(new LeftOver(scope, dueBefore))).stream()
                .map(path -> SessionKey.ofPath(scope, path))
                .toList();
    }
}
