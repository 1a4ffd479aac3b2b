package driver;

import jakarta.servlet.annotation.WebListener;
import jakarta.servlet.http.HttpSessionEvent;
import jakarta.servlet.http.HttpSessionListener;

/** Says on standard output, which outlives the process, that a session has ended, and its number. */
@WebListener
public class Ends implements HttpSessionListener {
    /** The attribute that holds the session's number. */
    static final String NUMBER = "number";

    @Override
    public void sessionDestroyed(HttpSessionEvent event) {
        // One string, so that two threads' lines do not mix.
        System.out.println("driver: destroyed " + event.getSession().getAttribute(NUMBER) + ".");
    }
}
