package misuse;

import jakarta.servlet.http.HttpSessionEvent;
import jakarta.servlet.http.HttpSessionListener;

/**
 * A listener before the others, by the descriptor, so that it is told first of a beginning and last of an end; throws
 * when they do.
 */
public class FirstListener implements HttpSessionListener {
    @Override
    public void sessionCreated(HttpSessionEvent event) {
        if (Listeners.fails()) {
            throw new IllegalArgumentException("thrown by the first sessionCreated");
        }
    }

    @Override
    public void sessionDestroyed(HttpSessionEvent event) {
        if (event.getSession().getAttribute("throwAtEnd") != null) {
            Events.note("destroyed all the same");
        }
    }
}
