package dev.mooring.grid;

import com.hazelcast.query.Predicate;
import dev.mooring.model.SessionRecord;
import java.util.Map;

/**
 * Finds the sessions of one web application that somebody should have ended: those due for a while, and those whose end
 * was begun. Runs where the records are. Travels by {@link GridSerializers}, never by Java serialisation.
 *
 * @param scope the scope of the session keys
 * @param dueBefore cluster time in milliseconds
 */
record LeftOver(String scope, long dueBefore) implements Predicate<String, SessionRecord> {

    private static final long serialVersionUID = 1L;

    @Override
    public boolean apply(Map.Entry<String, SessionRecord> entry) {
        // Read as an object: one entry that is no record must not hide the others.
        Object value = ((Map.Entry<?, ?>) entry).getValue();
        // The value first: the key has still to be made from its bytes.
        return value instanceof SessionRecord record && isLeftOver(record) && isIn(entry.getKey());
    }

    boolean isIn(String path) {
        return path.startsWith(scope) && path.indexOf('/', scope.length()) == scope.length();
    }

    boolean isLeftOver(SessionRecord record) {
        return switch (record.state()) {
            case LIVE -> record.deadline() <= dueBefore;
            case ENDING -> true;
            case ENDED -> false;
        };
    }
}
