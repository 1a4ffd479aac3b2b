package live;

import jakarta.servlet.http.HttpSessionActivationListener;
import jakarta.servlet.http.HttpSessionEvent;
import java.io.Serializable;

/** A value that writes down from which nodes' memories its session has gone. */
final class Watcher implements HttpSessionActivationListener, Serializable {
    private static final long serialVersionUID = 1L;

    private String left = "";

    @Override
    public void sessionWillPassivate(HttpSessionEvent event) {
        left += System.getProperty("node.name") + " ";
    }

    @Override
    public String toString() {
        return left;
    }
}
