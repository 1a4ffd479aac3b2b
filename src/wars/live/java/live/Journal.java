package live;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * What the container told this web application on this node, line by line in the order of the calls. One per class
 * loader, so one per context. Thread-safe.
 */
final class Journal {
    private static final Queue<String> LINES = new ConcurrentLinkedQueue<>();

    private Journal() {}

    /** Writes one line. */
    static void note(String line) {
        LINES.add(line);
    }

    /** All lines that begin with {@code beginning}, one per line of text. */
    static String read(String beginning) {
        return String.join(
                "\n", LINES.stream().filter(line -> line.startsWith(beginning)).toList());
    }
}
