package dev.mooring.grid;

import com.hazelcast.map.IMap;
import dev.mooring.model.Change;
import dev.mooring.model.Outcome;
import dev.mooring.model.SessionKey;
import dev.mooring.model.SessionRecord;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/**
 * The session map as a member of the cluster sees it: a change runs as an entry processor where the record is, so only
 * the change and its answer travel.
 */
final class MemberSessionMap extends SessionMap {

    private final long slackMs;

    MemberSessionMap(IMap<String, SessionRecord> records, StoreCalls calls, Duration slack) {
        super(records, calls);
        slackMs = slack.toMillis();
    }

    @Override
    public Outcome apply(SessionKey key, Change change) {
        return calls.await("session " + key, call(key, change));
    }

    /** One message for each: what Hazelcast has for many keys does not wait for the backups. */
    @Override
    public Map<SessionKey, Outcome> applyAll(Map<SessionKey, Change> changes, Map<SessionKey, SessionRecord> ahead) {
        Map<SessionKey, Supplier<CompletionStage<Outcome>>> all = new HashMap<>();
        changes.forEach((key, change) -> all.put(key, call(key, change)));
        return calls.awaitAll(all);
    }

    private Supplier<CompletionStage<Outcome>> call(SessionKey key, Change change) {
        AtomicInteger runs = new AtomicInteger();
        return () -> records.submitToKey(key.path(), new ApplyChange(change, slackMs, runs.getAndIncrement() > 0));
    }

    @Override
    public Collection<SessionKey> leftOver(String scope, long dueBefore, boolean every) {
        return calls.get("sessions of " + scope, () -> records.keySet(new LeftOver(scope, dueBefore))).stream()
                .map(path -> SessionKey.ofPath(scope, path))
                .toList();
    }
}
