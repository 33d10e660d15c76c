import numpy as np
import pytest

from ergoscope._core.arrays import real_array, samples
from ergoscope.simulator import Trajectories, from_control, simulate, to_filterpy, zoo

MASKED = np.ma.masked_array([1.0, 2.0], mask=[False, True])


def test_real_arrays_keep_masks_and_imaginary_parts_out() -> None:
    with pytest.raises(ValueError, match="A has masked entries"):
        real_array("A", MASKED)
    with pytest.raises(ValueError, match="A must be real"):
        real_array("A", [1 + 1j])
    with pytest.raises(ValueError, match="A must be numbers"):
        real_array("A", ["x"])
    with pytest.raises(ValueError, match="A must be numbers"):
        real_array("A", [[1.0], [1.0, 2.0]])
    assert real_array("A", [1 + 0j]).tolist() == [1.0]
    assert type(real_array("A", np.ma.masked_array([1.0]))) is np.ndarray


def test_masked_samples_are_missing() -> None:
    assert np.isnan(samples("y", MASKED)).tolist() == [False, True]
    assert np.isnan(samples("y", np.ma.masked_array([1, 2], mask=[True, False]))).tolist() == [True, False]
    with pytest.raises(ValueError, match="y must be real"):
        samples("y", np.array([1j]))
    single = np.zeros(2, np.float32)
    assert samples("y", single) is single


def test_wherever_arrays_come_in() -> None:
    walk, motor = zoo("random-walk"), zoo("dc-motor")
    y = np.ma.masked_array(np.ones((1, 3, 1)), mask=[[[False], [True], [False]]])
    made = Trajectories(y, np.zeros((1, 3, 0)), np.array([3]), None, ("y",), (), ("a",))
    assert np.isnan(made.outputs[0, :, 0]).tolist() == [False, True, False]
    one = np.ma.masked_array([1.0], mask=[True])
    for call in (
        lambda: simulate(0, walk, 5, initial=one),
        lambda: simulate(0, motor, 5, inputs=np.ma.masked_array([[1.0]], mask=[[True]])),
        lambda: to_filterpy(walk, mean=one),
        lambda: to_filterpy(walk, covariance=one[None]),
        lambda: from_control(motor.to_control()[0], one, 1.0),
        lambda: from_control(motor.to_control()[0], 1.0, 1.0, delay=one),
    ):
        with pytest.raises(ValueError, match="has masked entries"):
            call()
    for call in (
        lambda: simulate(0, walk, 5, initial=[1j]),
        lambda: simulate(0, motor, 5, inputs=[[1j]]),
        lambda: to_filterpy(walk, mean=[1j]),
        lambda: from_control(motor.to_control()[0], 1j, 1.0),
    ):
        with pytest.raises(ValueError, match="must be real"):
            call()
