package dev.mooring.driver;

import dev.mooring.nodes.JettyNode;
import java.io.IOException;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Words by HTTP to one node, one request each, over a connection that is kept alive. Blocks; not thread-safe. */
final class HttpLine {
    private static final String PATH = "/driver/word?";

    private final JettyNode node;
    private final Set<String> seenSessionIds;
    private @Nullable Wire wire;

    /**
     * What a node answered.
     *
     * @param text the body
     * @param cookie the session cookie that it set, name and value
     */
    record Answer(String text, @Nullable String cookie) {}

    /**
     * Connects at the first request, and again after a failure.
     *
     * @param seenSessionIds where every session id that the node gives is added
     */
    HttpLine(JettyNode node, Set<String> seenSessionIds) {
        this.node = node;
        this.seenSessionIds = seenSessionIds;
    }

    /**
     * Says {@code words} for the session of this cookie.
     *
     * @throws IOException if no answer came, or one that is not 200: what the words were to do may be done or not
     */
    Answer say(String words, @Nullable String cookie) throws IOException {
        Wire open = wire;
        if (open == null) {
            open = new Wire(node);
            wire = open;
        }
        try {
            open.sendGet(PATH + words, cookie == null ? "" : "Cookie: " + cookie + "\r\n");
            Map<String, String> head = open.readHead();
            int length = Integer.parseInt(head.getOrDefault("content-length", "0"));
            String text = open.readText(length);
            if (!"200".equals(head.get(""))) {
                throw new IOException(node.name() + " answered " + head.get("") + " to " + words);
            }
            String set = head.get("set-cookie");
            if (set == null) {
                return new Answer(text, null);
            }
            String pair = set.split(";", 2)[0];
            seenSessionIds.add(pair.substring(pair.indexOf('=') + 1));
            return new Answer(text, pair);
        } catch (IOException failure) {
            drop();
            throw failure;
        }
    }

    /** Goes away; the next request connects anew. */
    void drop() {
        Wire open = wire;
        wire = null;
        if (open != null) {
            open.close();
        }
    }
}
